/** The CPU path's public surface, `unstatic/cpu`: apart from the engine, so that pages with WebGPU do not fetch it. */
export { drawSheet, type Rgba } from "./draw";
export { cpu } from "./gpu";
export { CPU_NAME } from "./name";
export { type Buffers, runOnCpu } from "./run";
