// group_norm_fold_modulated: group_norm_fold, then the time embedding's own scale and shift of each channel.
//
//   y = (1 + s[c]) (scale[b,c] x + shift[b,c]) + t[c]      s = table[row, column + c]      t = table[row, column + C + c]
//
// This is diffusers' resnet_time_scale_shift = "scale_shift" (Dhariwal & Nichol 2021, AdaGN).
//
// Shapes    as group_norm_fold; table: (steps * conditions, columns)     row = step * conditions + condition[b]
// Layout    as group_norm_fold
// Dispatch  one invocation per (b, g)
// Cost      group_norm_fold's, and 2 C words of the table per image
// Host      src/kernels/group_norm.ts      Test  test/kernels/group_norm.test.ts
// Include   lib/group_fold.wgsl

override WORKGROUP_SIZE: u32 = 8;

// Where the loop is: the current step and the condition of each image of the batch.
struct Position {
  step: u32,
  condition: array<vec4u, 1024>,
}

@group(0) @binding(0) var<uniform> params: Params; // lib/group_fold.wgsl
@group(0) @binding(1) var<uniform> position: Position;
@group(0) @binding(2) var<storage, read> first: array<f32>;
@group(0) @binding(3) var<storage, read> second: array<f32>;
@group(0) @binding(4) var<storage, read> vectors: array<f32>; // gamma, then beta, each laid out as a row of affine
@group(0) @binding(5) var<storage, read> table: array<f32>;
@group(0) @binding(6) var<storage, read_write> affine: array<f32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= params.count) {
    return;
  }
  let image = global_id.x / params.groups;
  let group = global_id.x % params.groups;
  let mean_rstd = group_statistics(image, group);

  let row = position.step * params.conditions + position.condition[image / 4][image % 4];
  let table_scales = row * params.table_stride + params.column;
  let table_shifts = table_scales + params.channels;
  let stride = params.first_stride + params.second_stride;
  let scales = image * 2 * stride;
  let shifts = scales + stride;
  let begin = group * params.channels_per_group;
  for (var c = begin; c < begin + params.channels_per_group; c++) {
    let scale = vectors[affine_column(c)] * mean_rstd.y;
    let time_scale = 1 + table[table_scales + c];
    affine[scales + affine_column(c)] = time_scale * scale;
    affine[shifts + affine_column(c)] = time_scale * (vectors[stride + affine_column(c)] - mean_rstd.x * scale) + table[table_shifts + c];
  }
  if (group == 0) {
    clear_padding(scales);
    clear_padding(shifts);
  }
}
