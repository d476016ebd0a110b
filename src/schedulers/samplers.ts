/** All samplers by short name. Whoever imports this has them all; drawing fetches the rare ones when they are asked for. */
import { RARE_SAMPLERS } from "./rare_samplers";
import { COMMON_SAMPLERS, type Sampler } from "./registry";

export const SAMPLERS: Readonly<Record<string, Sampler>> = { ...COMMON_SAMPLERS, ...RARE_SAMPLERS };
