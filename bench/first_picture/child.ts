/** One trial: from a folder to its first picture, in a process that has compiled nothing yet. */
import { load } from "../../src/index";

export interface FirstPicture {
  readonly adapter: string;
  readonly model: string;
  readonly pipelines: number;
  readonly ms: {
    /** The device opened, weights read, packed and uploaded. */
    readonly load: number;
    readonly compile: number;
    /** With all that comes before the loop, and what a driver compiles only when it is used. */
    readonly firstStep: number;
    readonly otherSteps: number;
    readonly total: number;
    /** Processor time of all of it, over all cores. */
    readonly processor: number;
  };
  readonly memory: { readonly weights: number; readonly program: number; readonly process: number };
}

/** @param args the model's folder and the number of steps */
export async function main([folder, steps]: readonly string[]): Promise<number> {
  const start = performance.now();
  const before = process.cpuUsage();
  const model = await load(folder!);
  const classes = model.config.classEmbedding.type === "learned" ? { classLabel: 0 } : {};
  const request = { steps: Number(steps), guidance: 1, ...classes };
  const { report } = await model.generate(request);
  const total = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const { engine } = await model.prepare(request);
  const told: FirstPicture = {
    adapter: report.adapter,
    model: model.name,
    pipelines: engine.pipelines.size,
    ms: {
      load: report.ms.load,
      compile: report.ms.compile,
      firstStep: report.ms.firstStep,
      otherSteps: report.ms.total - report.ms.firstStep,
      total,
      processor: (user + system) / 1000,
    },
    memory: { weights: engine.weights.bytes, program: report.memoryBytes, process: process.memoryUsage().rss },
  };
  model.destroy();
  await new Promise((sent) => process.send!(told, sent));
  process.exit(0);
}
