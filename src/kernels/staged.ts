/** The algorithms of adapters that run on a CPU, fetched once one is met: re-exports and nothing else. */

export { recordStagedAttention, suitsStagedAttention } from "./attention_staged";
export { recordStagedConv2d, suitsStagedWinograd } from "./conv2d_staged";
export { channelStatistics, groupNormApply, groupNormFold } from "./group_norm";
export { statisticsBehind } from "./statistics_behind";
export { winogradWeights } from "./winograd_weights";
