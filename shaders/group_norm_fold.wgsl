// group_norm_fold: one scale and one shift per image and channel, the second third of a group norm.
//
//   scale[b,c] = gamma[c] / sqrt(var[b,g] + eps)      shift[b,c] = beta[c] - mean[b,g] scale[b,c]      g = c / (C / G)
//
// Shapes    first, second: (B, T, 2, C1) and (B, T, 2, C2), C = C1 + C2     vectors: gamma and beta     affine: (B, 2, C1' + C2')
// Layout    C1', C2' are padded to multiples of 4: a source finds its scales in rows of its own layout
// Dispatch  one invocation per (b, g): groups may have any number of channels and lie in both sources
// Cost      reads the means twice and M2 once; no barrier
// Host      src/kernels/group_norm.ts      Test  test/kernels/group_norm.test.ts
// Include   lib/group_fold.wgsl

override WORKGROUP_SIZE: u32 = 8;

@group(0) @binding(0) var<uniform> params: Params; // lib/group_fold.wgsl
@group(0) @binding(1) var<storage, read> first: array<f32>;
@group(0) @binding(2) var<storage, read> second: array<f32>;
@group(0) @binding(3) var<storage, read> vectors: array<f32>; // gamma, then beta, each laid out as a row of affine
@group(0) @binding(4) var<storage, read_write> affine: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.count) {
    return;
  }
  let image = global_id.x / params.groups;
  let group = global_id.x % params.groups;
  let mean_rstd = group_statistics(image, group);

  let stride = params.first_stride + params.second_stride;
  let scales = image * 2 * stride;
  let shifts = scales + stride;
  let begin = group * params.channels_per_group;
  for (var c = begin; c < begin + params.channels_per_group; c++) {
    let scale = vectors[affine_column(c)] * mean_rstd.y;
    affine[scales + affine_column(c)] = scale;
    affine[shifts + affine_column(c)] = vectors[stride + affine_column(c)] - mean_rstd.x * scale;
  }
  if (group == 0) {
    clear_padding(scales);
    clear_padding(shifts);
  }
}
