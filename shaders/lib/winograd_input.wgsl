// What the transforms of Winograd's input share: one channel of x, normalised on the way where the launch says so. The
// kernel has the bindings that this names.

// One channel, and what it is multiplied with and shifted by.
struct Channel {
  c: u32,
  scale: f32,
  shift: f32,
}

fn channel_of(c: u32, image: u32) -> Channel {
  if (params.has_norm == 0) {
    return Channel(c, 1, 0);
  }
  let at = 4 * (2 * image * params.source_columns + params.source_column) + c;
  return Channel(c, affine[at], affine[at + 4 * params.source_columns]);
}

fn inside(at: i32, size: i32) -> f32 {
  return select(0.0, 1.0, (at >= 0) & (at < size));
}

// A pixel of the input, whether or not it lies where the tile does.
fn pixel(h: Channel, row: u32, column: u32) -> f32 {
  let value = x[(row * params.in_width + column) * 4 * params.first_channels + h.c];
  return activate(vec4f(value * h.scale + h.shift), ACTIVATION).x;
}
