/** The engine as one of the peers: a step of its loop, which is the network and the update of the picture. */
import { load, readTensors } from "../../src/index";
import { openLoop } from "../loop";
import type { Case, Stepper } from "./stepper";

/** Rows of the sampler's table; after the last one the loop begins again. */
const STEPS = 500;

export async function openUnstatic({ folder, inputs, batch }: Case): Promise<Stepper> {
  const model = await load(folder);
  const tensors = await readTensors(inputs);
  const loop = await openLoop(model, { steps: STEPS, count: batch });
  await loop.start();
  let stepsLeft = loop.steps;
  return {
    about: `unstatic, ${(await model.adapter()).description}`,
    step: async () => {
      if (stepsLeft === 0) {
        await loop.start();
        stepsLeft = loop.steps;
      }
      stepsLeft--;
      await loop.step();
    },
    output: async () => {
      const { shape, data } = tensors.get("sample")!;
      const labels = tensors.get("class_labels")?.data;
      const { output } = await model.forward({
        sample: data,
        shape: shape as [number, number, number, number],
        timestep: tensors.get("timestep")!.data,
        ...(labels && { classLabels: labels }),
      });
      return output;
    },
    close: async () => model.destroy(),
  };
}
