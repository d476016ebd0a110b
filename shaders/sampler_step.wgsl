// sampler_step: one row of a sampler's table: the network's output becomes the next state.
//
//   out  = cond, or with guidance  uncond + scale * (cond - uncond),  times a factor per image where RESCALE
//   x0   = clamp(x0_x * x + x0_out * out, -clip, clip),  or  clamp(..., -s, s) / s  per image where THRESHOLD
//   eps  = eps_x * x + eps_out * out + eps_x0 * x0
//   x'   = a x + b x0 + c eps + d noise + sum_k h_k history_k;  at most two history tensors become such a sum too
//
// Shapes    x, denoised: (B, P, C), behind x a flag   model_output: (B or 2B, P, C or 2C), conditional images first
//           history: (slots, B, P, C)   model_input: (B or 2B, P, C), the next input scale times x'
//           scales: (B) of (threshold s, rescale factor)
// Layout    NHWC, C padded to a multiple of 4 with zeros; table: src/schedulers/pack.ts; step: which row. The flag: 1 + the
//           first row at which model_output or x' was not finite. Whoever sets it sets the same, so that none waits.
// Dispatch  one invocation per four channels of a pixel, workgroups in x, then y
// Cost      reads model_output, x and the weighed history once, writes up to five tensors; one Philox per channel
// Host      src/kernels/sampler_step.ts      Test  test/kernels/sampler_step.test.ts
// Include   lib/philox.wgsl lib/log.wgsl lib/sampler_table.wgsl lib/finite.wgsl

override WORKGROUP_SIZE: u32 = 64;
override GUIDED: bool = false;
override THRESHOLD: bool = false;
override RESCALE: bool = false;
// The static was made on the host: `denoised` holds it on entry (see load_noise) and the predicted picture on exit.
override NOISE_FROM_HOST: bool = false;

struct Params {
  images: u32,          // B
  pixels: u32,          // P = H * W
  channels: u32,        // C, unpadded
  output_channels: u32, // C or 2C
  slots: u32,           // tensors in `history`
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4u>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read> model_output: array<vec4f>;
@group(0) @binding(4) var<storage, read> scales: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> model_input: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> denoised: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> history: array<vec4f>;

struct Terms {
  x: vec4f,
  x0: vec4f,
  eps: vec4f,
  noise: vec4f,
}

// The part of a sum that does not come from slots; its four weights are one vector of the table.
fn present(vector: u32, terms: Terms) -> vec4f {
  let weights = table_vector(vector);
  return weights.x * terms.x + weights.y * terms.x0 + weights.z * terms.eps + weights.w * terms.noise;
}

// A slot's part. A weight of zero must not count: its slot may never have been written.
fn remembered(weight: f32, value: vec4f) -> vec4f {
  return select(vec4f(0.0), weight * value, weight != 0.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let groups = (params.channels + 3u) / 4u;
  let tensor_size = params.images * params.pixels * groups;
  let element = global_id.y * workgroups.x * WORKGROUP_SIZE + global_id.x;
  if (element >= tensor_size) {
    return;
  }
  let group = element % groups;
  let pixel = (element / groups) % params.pixels;
  let image = element / (groups * params.pixels);
  let start = row_start(step[0]);
  let row = row_at(start);
  let inside = vec4u(0u, 1u, 2u, 3u) + 4u * group < vec4u(params.channels);

  let output_groups = (params.output_channels + 3u) / 4u;
  let output_pixel = (image * params.pixels + pixel) * output_groups;
  var output = model_output[output_pixel + group];
  var is_sound = is_finite(output);
  if (GUIDED) {
    let unconditional = model_output[params.images * params.pixels * output_groups + output_pixel + group];
    is_sound = is_sound && is_finite(unconditional);
    output = guide(output, unconditional);
    if (RESCALE) {
      output *= scales[image].y;
    }
  }
  output = select(vec4f(0.0), output, inside);

  var terms: Terms;
  terms.x = x[element];
  terms.x0 = row.x0_x * terms.x + row.x0_output * output;
  if (THRESHOLD) {
    let s = scales[image].x;
    terms.x0 = clamp(terms.x0, vec4f(-s), vec4f(s)) / s;
  }
  terms.x0 = clamp(terms.x0, vec4f(-row.clip), vec4f(row.clip));
  terms.eps = row.eps_x * terms.x + row.eps_output * output + row.eps_x0 * terms.x0;

  // A bound that the compiler does not know keeps software adapters from compiling the generator four times.
  let channels = select(0u, min(4u, params.channels - 4u * group), row.draw != NO_DRAW);
  for (var lane = 0u; lane < channels; lane++) {
    let channel = 4u * group + lane;
    var noise = denoised[element][lane];
    if (!NOISE_FROM_HOST) {
      let place = channel * params.pixels + pixel; // NCHW
      noise = static_element(row.draw, image, place, params.images, params.channels * params.pixels);
    }
    if (table_word(VARIANCE) != VARIANCE_FIXED) {
      let at = params.channels + channel;
      noise *= learned_deviation(row.log_variance, model_output[output_pixel + at / 4u][at % 4u]);
    }
    terms.noise[lane] = noise;
  }

  // All three sums are made before any is stored: a slot may be read by another's.
  var next = present(start + ROW_NEXT, terms);
  var first = present(start + ROW_FIRST_WRITE, terms);
  var second = present(start + ROW_SECOND_WRITE, terms);
  for (var k = 0u; k < params.slots; k++) {
    let value = history[k * tensor_size + element];
    let weights = table_vector(start + ROW_SLOTS + k);
    next += remembered(weights.x, value);
    first += remembered(weights.y, value);
    second += remembered(weights.z, value);
  }
  if (row.first_slot < params.slots) {
    history[row.first_slot * tensor_size + element] = first;
  }
  if (row.second_slot < params.slots) {
    history[row.second_slot * tensor_size + element] = second;
  }

  is_sound = is_sound && is_finite(next);
  if (!is_sound && x[tensor_size].x == 0.0) {
    x[tensor_size].x = f32(step[0] + 1u);
  }
  x[element] = next;
  denoised[element] = terms.x0;
  let seen = next_input_scale(step[0]) * next;
  model_input[element] = seen;
  if (GUIDED) {
    model_input[tensor_size + element] = seen;
  }
}
