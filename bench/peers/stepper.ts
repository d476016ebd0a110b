/** What every runtime must offer to be measured: one network, open, whose step can be run and waited for. */

/** A network with fixed inputs, as bench/export_onnx.py wrote them. */
export interface Case {
  /** The folder's name, such as `doodle`. */
  readonly name: string;
  readonly batch: number;
  /** The diffusers folder: a path or an address. */
  readonly folder: string;
  /** The same network as ONNX. */
  readonly onnx: string;
  /** safetensors: sample, timestep, class_labels where there are classes, and PyTorch's output. */
  readonly inputs: string;
}

export interface Stepper {
  /** Runtime and version, adapter or threads. */
  readonly about: string;
  /** One evaluation of the network on inputs that are in place; resolves when the result is there, without reading it. */
  step(): Promise<void>;
  /** The network's answer to the case's inputs, (B, C, H, W), read back. */
  output(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** What a host says of the peer that it opened. */
export interface Opened {
  readonly about: string;
  /** From nothing to the first step done. */
  readonly openMs: number;
  /** Of the second step, which says how many make a turn. */
  readonly stepMs: number;
  /** Launches of a step on the GPU; null where they cannot be counted. */
  readonly dispatches: number | null;
  readonly output: readonly number[];
}

/** Opens and steps once; then once more for the answer, since a runtime may replay what it captured the first time. */
export async function firstAnswer(open: () => Promise<Stepper>): Promise<{ stepper: Stepper; opened: Opened }> {
  const start = performance.now();
  const stepper = await open();
  await stepper.step();
  const openMs = performance.now() - start;
  const second = performance.now();
  const dispatches = await countDispatches(() => stepper.step());
  const stepMs = performance.now() - second;
  const output = Array.from(await stepper.output());
  return { stepper, opened: { about: stepper.about, openMs, stepMs, dispatches, output } };
}

/** Milliseconds of each of `count` steps, one after the other. */
export async function timeSteps(stepper: Stepper, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await stepper.step();
    times.push(performance.now() - start);
  }
  return times;
}

async function countDispatches(step: () => Promise<void>): Promise<number | null> {
  if (!("GPUComputePassEncoder" in globalThis)) {
    await step();
    return null;
  }
  const { prototype } = GPUComputePassEncoder;
  const { dispatchWorkgroups, dispatchWorkgroupsIndirect } = prototype;
  let count = 0;
  prototype.dispatchWorkgroups = function (...args) {
    count++;
    return dispatchWorkgroups.apply(this, args);
  };
  prototype.dispatchWorkgroupsIndirect = function (...args) {
    count++;
    return dispatchWorkgroupsIndirect.apply(this, args);
  };
  try {
    await step();
  } finally {
    Object.assign(prototype, { dispatchWorkgroups, dispatchWorkgroupsIndirect });
  }
  return count > 0 ? count : null;
}
