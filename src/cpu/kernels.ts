/** Which function does what which shader does: the one list of the CPU path's kernels. */
import activationShader from "../../shaders/activation.wgsl?layout";
import addNoiseShader from "../../shaders/add_noise.wgsl?layout";
import advanceStepShader from "../../shaders/advance_step.wgsl?layout";
import attentionShader from "../../shaders/attention.wgsl?layout";
import attentionNarrowShader from "../../shaders/attention_narrow.wgsl?layout";
import avgPoolShader from "../../shaders/avg_pool.wgsl?layout";
import channelStatisticsShader from "../../shaders/channel_statistics.wgsl?layout";
import conv2dShader from "../../shaders/conv2d.wgsl?layout";
import conv2dFewInputsShader from "../../shaders/conv2d_few_inputs.wgsl?layout";
import conv2dFewOutputsShader from "../../shaders/conv2d_few_outputs.wgsl?layout";
import conv2dRegisterShader from "../../shaders/conv2d_register.wgsl?layout";
import fourierEmbeddingShader from "../../shaders/fourier_embedding.wgsl?layout";
import fromNchwShader from "../../shaders/from_nchw.wgsl?layout";
import gatherRowsShader from "../../shaders/gather_rows.wgsl?layout";
import groupNormApplyShader from "../../shaders/group_norm_apply.wgsl?layout";
import groupNormFoldShader from "../../shaders/group_norm_fold.wgsl?layout";
import groupNormFoldModulatedShader from "../../shaders/group_norm_fold_modulated.wgsl?layout";
import guidanceRescaleShader from "../../shaders/guidance_rescale.wgsl?layout";
import initNoiseShader from "../../shaders/init_noise.wgsl?layout";
import inpaintShader from "../../shaders/inpaint.wgsl?layout";
import layerNormShader from "../../shaders/layer_norm.wgsl?layout";
import loadNoiseShader from "../../shaders/load_noise.wgsl?layout";
import rescaleShader from "../../shaders/rescale.wgsl?layout";
import resizeShader from "../../shaders/resize.wgsl?layout";
import samplerStepShader from "../../shaders/sampler_step.wgsl?layout";
import statisticsBehindShader from "../../shaders/statistics_behind.wgsl?layout";
import thresholdShader from "../../shaders/threshold.wgsl?layout";
import timestepEmbeddingShader from "../../shaders/timestep_embedding.wgsl?layout";
import toNchwShader from "../../shaders/to_nchw.wgsl?layout";
import toRgbaShader from "../../shaders/to_rgba.wgsl?layout";
import winograd2InputShader from "../../shaders/winograd2_input.wgsl?layout";
import winograd2OutputShader from "../../shaders/winograd2_output.wgsl?layout";
import winograd4InputShader from "../../shaders/winograd4_input.wgsl?layout";
import winograd4OutputShader from "../../shaders/winograd4_output.wgsl?layout";
import type { Shader } from "../recording/shader";
import { activation } from "./activation";
import { addNoise } from "./add_noise";
import { advanceStep } from "./advance_step";
import { attention } from "./attention";
import { avgPool } from "./avg_pool";
import { conv2d, statisticsBehind } from "./conv2d";
import { conv2dDirect } from "./conv2d_direct";
import { gatherRows } from "./gather_rows";
import { channelStatistics, groupNormApply, groupNormFold, groupNormFoldModulated } from "./group_norm";
import { guidanceRescale } from "./guidance_rescale";
import { initNoise } from "./init_noise";
import { inpaint } from "./inpaint";
import type { Kernel } from "./launch";
import { layerNorm } from "./layer_norm";
import { fromNchw, toNchw } from "./layout";
import { loadNoise } from "./load_noise";
import { rescale } from "./rescale";
import { resize } from "./resize";
import { samplerStep } from "./sampler_step";
import { threshold } from "./threshold";
import { fourierEmbedding, timestepEmbedding } from "./time_embedding";
import { toRgba } from "./to_rgba";
import { winograd2Input, winograd2Output, winograd4Input, winograd4Output } from "./winograd";

/** A shader and what stands for it here; reflection gives both the same names. */
export interface CpuKernel extends Kernel {
  readonly shader: Shader;
}

const ALL: readonly CpuKernel[] = [
  { shader: activationShader, run: activation },
  { shader: addNoiseShader, run: addNoise },
  { shader: advanceStepShader, run: advanceStep },
  { shader: attentionShader, run: attention },
  { shader: attentionNarrowShader, run: attention },
  { shader: avgPoolShader, run: avgPool },
  { shader: channelStatisticsShader, run: channelStatistics },
  { shader: conv2dShader, run: conv2d },
  { shader: conv2dFewInputsShader, run: conv2d },
  { shader: conv2dFewOutputsShader, run: conv2d },
  { shader: conv2dRegisterShader, run: conv2dDirect },
  { shader: fourierEmbeddingShader, run: fourierEmbedding },
  { shader: fromNchwShader, run: fromNchw },
  { shader: gatherRowsShader, run: gatherRows },
  { shader: groupNormApplyShader, run: groupNormApply },
  { shader: groupNormFoldShader, run: groupNormFold },
  { shader: groupNormFoldModulatedShader, run: groupNormFoldModulated },
  { shader: guidanceRescaleShader, run: guidanceRescale },
  { shader: initNoiseShader, run: initNoise },
  { shader: inpaintShader, run: inpaint },
  { shader: layerNormShader, run: layerNorm },
  { shader: loadNoiseShader, run: loadNoise },
  { shader: rescaleShader, run: rescale },
  { shader: resizeShader, run: resize },
  { shader: samplerStepShader, run: samplerStep },
  { shader: statisticsBehindShader, run: statisticsBehind },
  { shader: thresholdShader, run: threshold },
  { shader: timestepEmbeddingShader, run: timestepEmbedding },
  { shader: toNchwShader, run: toNchw },
  { shader: toRgbaShader, run: toRgba },
  { shader: winograd2InputShader, run: winograd2Input },
  { shader: winograd2OutputShader, run: winograd2Output },
  { shader: winograd4InputShader, run: winograd4Input },
  { shader: winograd4OutputShader, run: winograd4Output },
];

/** By the shader's name. Kernels of subgroups, and of a sum split over workgroups, are only ever given to who has those. */
export const KERNELS: ReadonlyMap<string, CpuKernel> = new Map(ALL.map((kernel) => [kernel.shader.name, kernel]));
