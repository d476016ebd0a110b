/** The algorithms of GPUs, and texts that no other adapter needs, fetched once one is met: re-exports and nothing else. */

export { default as attention_narrow } from "../../shaders/attention_narrow.wgsl?code";
export { default as conv2d } from "../../shaders/conv2d.wgsl?code";
export {
  gainsBySplit,
  hasFewInputs,
  hasFewOutputs,
  partsOf,
  recordFewInputs,
  recordFewOutputs,
  recordSplitConv2d,
} from "./conv2d_special";
