// guidance_rescale: how much the guided output must shrink to keep the conditional one's spread, per image.
//
//   factor = phi * std(cond) / std(guided) + (1 - phi),   Lin et al. 2023, section 3.4; phi is guidance_rescale
//
// Shapes    model_output: (2B, P, C or 2C), conditional images first   scales: (B) of (threshold s, factor)
// Layout    NHWC, C padded to a multiple of 4; standard deviations run over all of an image
// Dispatch  one workgroup per image
// Cost      reads model_output twice: the mean first, since E[x^2] - E[x]^2 cancels
// Host      src/kernels/guidance_rescale.ts      Test  test/kernels/guidance_rescale.test.ts
// Include   lib/philox.wgsl lib/log.wgsl lib/sampler_table.wgsl

override WORKGROUP_SIZE: u32 = 256;

struct Params {
  images: u32,          // B
  pixels: u32,          // P = H * W
  channels: u32,        // C, unpadded
  output_channels: u32, // C or 2C
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<vec4u>;
@group(0) @binding(2) var<storage, read> model_output: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> scales: array<vec2f>;

var<workgroup> partial: array<vec2f, WORKGROUP_SIZE>; // of the conditional and of the guided output

fn workgroup_total(lane: u32, value: vec2f) -> vec2f {
  partial[lane] = value;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[lane] += partial[lane + half];
    }
    workgroupBarrier();
  }
  let total = partial[0];
  workgroupBarrier(); // the next call overwrites what slower lanes still read
  return total;
}

// Sum over four channels of what lies inside, for both outputs, after subtracting `mean` and squaring where asked.
fn contribution(image: u32, at: u32, mean: vec2f, squared: bool) -> vec2f {
  let groups = (params.channels + 3u) / 4u;
  let output_groups = (params.output_channels + 3u) / 4u;
  let place = (image * params.pixels + at / groups) * output_groups + at % groups;
  let conditional = model_output[place];
  let guided = guide(conditional, model_output[params.images * params.pixels * output_groups + place]);
  let inside = vec4u(0u, 1u, 2u, 3u) + 4u * (at % groups) < vec4u(params.channels);
  var first = conditional - mean.x;
  var second = guided - mean.y;
  if (squared) {
    first *= first;
    second *= second;
  }
  let ones = select(vec4f(0.0), vec4f(1.0), inside);
  return vec2f(dot(first, ones), dot(second, ones));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = workgroup_id.x;
  let groups = (params.channels + 3u) / 4u;
  let size = params.pixels * groups;
  var sums = vec2f(0.0);
  for (var at = lane; at < size; at += WORKGROUP_SIZE) {
    sums += contribution(image, at, vec2f(0.0), false);
  }
  let mean = workgroup_total(lane, sums) / f32(params.pixels * params.channels);
  var squares = vec2f(0.0);
  for (var at = lane; at < size; at += WORKGROUP_SIZE) {
    squares += contribution(image, at, mean, true);
  }
  let variance = workgroup_total(lane, squares);
  if (lane == 0u) {
    let phi = table_float(GUIDANCE_RESCALE);
    scales[image].y = phi * sqrt(variance.x / variance.y) + 1.0 - phi;
  }
}
