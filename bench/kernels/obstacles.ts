/** What stands between each kernel and the adapter's multiply-add rate: one sentence each. */
export const OBSTACLES: Readonly<Record<string, string>> = {
  conv2d_subgroup:
    "Loads: llvmpipe fetches each lane's numbers one after another, each behind a branch on the lane and one on the buffer's end. Without its loads the product's loop runs 2.9 times as fast, without its stores 1.2 times; textures and uniforms fetch no faster, workgroup memory not once its barrier is paid.",
  winograd_product:
    "Loads, as conv2d_subgroup, if fewer: 24 numbers for 256 multiply-adds, where that loads 32 with four lanes.",
  conv2d_register:
    "Few outputs: a picture's one to four channels leave a lane one vec4 of sums, and 12 loads feed 128 multiply-adds; one dispatch of a step is not worth a kernel of its own.",
  conv2d: "Barriers: on a processor they cost more than the loads that workgroup memory saves.",
  winograd4_input:
    "Memory: 36 scalar loads and 36 stores a tile and channel for 216 additions and multiplications, hardly any of them a multiply-add; each pixel is loaded 2.25 times, of which the roof counts one.",
  winograd4_output:
    "Memory: 36 scalar loads, up to 16 more of the residual, and 16 stores for 220 additions and multiplications, hardly any of them a multiply-add.",
  winograd2_input:
    "Memory: 16 scalar loads and stores for 32 additions; each pixel is loaded four times, of which the roof counts one.",
  winograd2_output: "Memory: 16 scalar loads, up to 4 of the residual, and 4 stores for 24 additions.",
  attention_weights:
    "The softmax: it has the multiply-adds of attention_values and takes two to three times as long; the difference is an exponential a weight, each row's maximum and sum, and the weights written, read and written again.",
  attention_values:
    "Loads: the same product as conv2d_subgroup, 6 for 256 multiply-adds where a subgroup has eight lanes, over a sum as long as there are keys.",
  attention: "Barriers: on a processor they cost four times what storing the weights does.",
  attention_narrow: "Exponentials, and a walk over all keys by each query alone.",
  channel_statistics: "Memory: it reads every activation twice, the second time from cache, for five operations.",
  group_norm_apply: "Memory: every activation read and written once, for a scale, a shift and an activation.",
  group_norm_fold:
    "Size: an invocation a group, a handful of groups; some 20 µs a dispatch, most of them for beginning one.",
  sampler_step: "Logarithms, sines and integer arithmetic for the noise, on a few thousand numbers.",
};
