// group_norm_apply: the folded scale and shift of each channel and an activation, the last third of a group norm.
//
//   y[b,p,c'] = f(x[b,p,c] * scale[b,c] + shift[b,c])      f as lib/activations.wgsl has them, or the identity
//
// Shapes    x, y: (B, P, C)     affine: (B, 2, A): the scales, then the shifts, of all sources of a concatenation
// Layout    vec4 along C; x's own channels begin `column` vec4s into a row of affine, whose padding is zero, so y's is too.
//           With joins = 1 they begin there in y as well, whose pixels are as wide as affine: a concatenation
// Dispatch  (columns * chunks of pixels, 1, B): one invocation per four channels and CHUNK pixels
// Cost      reads x once, writes y once; two vec4s of affine per CHUNK pixels
// Host      src/kernels/group_norm.ts      Test  test/kernels/group_norm.test.ts
// Include   lib/activations.wgsl

override WORKGROUP_SIZE: u32 = 64;
override ACTIVATION: u32 = 0; // lib/activations.wgsl numbers them

const CHUNK: u32 = 4; // pixels that share one division of the index

struct Params {
  columns: u32, // C / 4, rounded up
  pixels: u32,  // P
  count: u32,   // columns * ceil(P / CHUNK)
  column: u32,  // of affine, in vec4s
  stride: u32,  // of affine, in vec4s
  joins: u32,   // 1: y is the concatenation
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> affine: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) {
    return;
  }
  let columns = params.columns;
  let chunk = i / columns;
  let column = i - chunk * columns;
  let image = workgroup_id.z;
  let scale = affine[image * 2 * params.stride + params.column + column];
  let shift = affine[(image * 2 + 1) * params.stride + params.column + column];

  let first_pixel = chunk * CHUNK;
  let last_pixel = min(first_pixel + CHUNK, params.pixels);
  for (var p = first_pixel; p < last_pixel; p++) {
    let pixel = image * params.pixels + p;
    let joined = pixel * params.stride + params.column + column;
    let j = pixel * columns + column;
    y[select(j, joined, params.joins > 0)] = activate(x[j] * scale + shift, ACTIVATION);
  }
}
