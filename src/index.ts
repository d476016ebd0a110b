/** The public surface of Unstatic: re-exports and nothing else. */

export { type BenchmarkOptions, benchmark } from "./bench/benchmark";
export {
  type Comparison,
  type ComparisonTable,
  compareReceipts,
  comparisonOf,
  type NamedReceipt,
} from "./bench/compare";
export { parseReceipt, type Receipt } from "./bench/receipt";
export { disagreement, WrongResultError } from "./bench/reference";
export { rooflineLegend, rooflineSvg } from "./bench/roofline_svg";
export { summaryOf } from "./bench/summary";
export { encodeSafetensors, float32Tensor } from "./checkpoint/safetensors_writer";
export { readTensors, type SavedTensor } from "./checkpoint/tensors";
export type { Choice } from "./kernels/choices";
export type { AttentionMap } from "./probe/attention_map";
export type { Layer, LayerTensor } from "./probe/layers";
export { openProbe, type Probe, type TensorValues } from "./probe/probe";
export type { Trial, TrialOutput, TrialResult } from "./probe/trial";
export type { Canvas } from "./runtime/canvas";
export { CompileError, type Problem } from "./runtime/compile_error";
export { type AdapterDescription, Device, type DeviceOptions, openDevice } from "./runtime/device";
export type { LayerDescription, ModelDescription } from "./sampler/description";
export type { ForwardInput, ForwardOutput } from "./sampler/forward";
export type { Generation, KeptStep, RunReport, Step } from "./sampler/generation";
export type { Image } from "./sampler/image";
export { describeFolder, load } from "./sampler/load";
export { type LoadOptions, Model } from "./sampler/model";
export { type Noised, type NoiseOptions, type NoiseStep, noise, noiseSteps } from "./sampler/noise";
export type { GenerateOptions, SigmaSpacing, StepSpacing } from "./sampler/options";
export { WEIGHT_DTYPES, type WeightDType } from "./sampler/precision";
export {
  type QuantizedFolder,
  type QuantizedTensor,
  quantizeFolder,
} from "./sampler/quantize";
export type { SourcePicture } from "./sampler/source_picture";
export type { Rng } from "./sampler/statics";
export type { Tuning } from "./sampler/tuning";
export { SAMPLERS } from "./schedulers/samplers";
export {
  CheckpointError,
  DeviceError,
  InputError,
  NumericError,
  ShaderError,
  ShapeError,
  UnstaticError,
  UnsupportedError,
} from "./tensor/check";
export { forgetTuning, rememberedTuning, rememberTuning } from "./tuner/page_storage";
export type { Contestant, Stopwatch } from "./tuner/stopwatch";
export { type TriedChoice, type TunedShape, type TuneOptions, type TuneResult, tune } from "./tuner/tune";
export { choiceName, formatTuning, joinTunings, parseTuning } from "./tuner/tuning_text";
