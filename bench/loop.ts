/** A model's loop, open: its sections can be submitted one by one, and what that costs on the CPU is told. */
import type { GenerateOptions, Model } from "../src/index";

export interface OpenLoop {
  /** Evaluations of the network from the first static to the picture. */
  readonly steps: number;
  readonly dispatches: number;
  /** Bytes of the GPU's memory: activations, states and uniforms; the weights come on top. */
  readonly bytes: number;
  /** Time embeddings and the first static. */
  start(): Promise<void>;
  /** One step in a submit of its own. */
  step(): Promise<StepTime>;
}

/** Milliseconds of one step. */
export interface StepTime {
  /** Building the command buffer and submitting it. */
  readonly cpu: number;
  /** From the first command encoded until the GPU was done. */
  readonly wall: number;
  /** Of this process on all cores: on a software adapter the work itself, whoever else wants the machine. 0 in pages. */
  readonly processor: number;
}

export async function openLoop(model: Model, options: GenerateOptions): Promise<OpenLoop> {
  const classes = model.config.classEmbedding.type === "learned" ? { classLabel: 0 } : {};
  const { run } = await model.prepare({ ...classes, guidance: 1, ...options });
  const { program, evaluations } = run;
  const { gpu } = program.device;
  const submit = async (sections: readonly string[]): Promise<StepTime> => {
    const processorBefore = processorMs();
    const start = performance.now();
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const section of sections) program.encode(pass, section);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    const cpu = performance.now() - start;
    await program.device.idle();
    const wall = performance.now() - start;
    return { cpu, wall, processor: processorMs() - processorBefore };
  };
  return {
    steps: evaluations,
    dispatches: program.dispatchCount("step"),
    bytes: program.bytes,
    start: async () => {
      await submit(["prepare", "start"]);
    },
    step: () => submit(["step"]),
  };
}

function processorMs(): number {
  if (!("process" in globalThis)) return 0;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
