// How conv2d's sum is cut into stages: where a window lies, and what a stage reads.

// The input row and column under the window's first tap, the image and the output pixel itself.
struct Corner {
  y: i32,
  x: i32,
  image: u32,
  pixel: u32,
}

fn corner_of(p: u32, image: u32) -> Corner {
  let pixel = min(p, out_pixels() - 1);
  let oy = pixel / params.out_width;
  let ox = pixel - oy * params.out_width;
  let y = i32(oy * params.stride) - params.pad_top;
  let x = i32(ox * params.stride) - params.pad_left;
  return Corner(y, x, image, image * out_pixels() + pixel);
}

// A part of the sum: DEPTH vec4s of one source under one tap. Past the end there are channels = 0 of them.
struct Stage {
  source: u32,   // 0: x, 1: second, 2: the shortcut's residual, 3: the shortcut's second
  dy: i32,       // the tap
  dx: i32,
  channel: u32,  // first vec4 within the source
  channels: u32, // vec4s of the source
  row: u32,      // row of w, in fours, where the source's weights under this tap begin
}

fn stages_of(channels: u32) -> u32 {
  return (channels + DEPTH - 1) / DEPTH;
}

fn stage_count() -> u32 {
  let per_tap = stages_of(params.first_channels) + stages_of(params.second_channels);
  let shortcut = stages_of(params.shortcut_first) + stages_of(params.shortcut_second);
  return params.kernel_height * params.kernel_width * per_tap + shortcut;
}

fn stage_at(index: u32) -> Stage {
  let first = stages_of(params.first_channels);
  let per_tap = first + stages_of(params.second_channels);
  let taps = params.kernel_height * params.kernel_width;
  let tap = index / per_tap;
  let channels = params.first_channels + params.second_channels;
  if (tap < taps) {
    let dy = i32(tap / params.kernel_width * params.dilation);
    let dx = i32(tap % params.kernel_width * params.dilation);
    let part = index - tap * per_tap;
    if (part < first) {
      return Stage(0, dy, dx, part * DEPTH, params.first_channels, tap * channels);
    }
    return Stage(1, dy, dx, (part - first) * DEPTH, params.second_channels, tap * channels + params.first_channels);
  }
  let part = index - taps * per_tap;
  let shortcut = stages_of(params.shortcut_first);
  if (part < shortcut) {
    return Stage(2, 0, 0, part * DEPTH, params.shortcut_first, taps * channels);
  }
  let rest = select(0, params.shortcut_second, index < stage_count());
  return Stage(3, 0, 0, (part - shortcut) * DEPTH, rest, taps * channels + params.shortcut_first);
}

// Four channels of what the window multiplies: normalised and activated, zero outside the image and past the source's end.
fn input_at(corner: Corner, stage: Stage, k: u32) -> vec4f {
  if (k >= stage.channels) {
    return vec4f(0);
  }
  if (stage.source == 2) {
    return residual[corner.pixel * params.shortcut_first + k];
  }
  if (stage.source == 3) {
    return second[corner.pixel * params.shortcut_second + k];
  }
  let iy = corner.y + stage.dy;
  let ix = corner.x + stage.dx;
  let height = i32(params.in_height);
  let width = i32(params.in_width);
  let shift = params.upsample;
  if (iy < 0 || iy >= (height << shift) || ix < 0 || ix >= (width << shift)) {
    return vec4f(0);
  }
  let pixel = (corner.image * params.in_height + u32(iy >> shift)) * params.in_width + u32(ix >> shift);
  if (stage.source == 0) {
    return normalised(x[pixel * params.first_channels + k], k);
  }
  return normalised(second[pixel * params.second_channels + k], params.first_channels + k);
}
