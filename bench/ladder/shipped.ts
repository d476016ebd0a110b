/** The last rungs of either ladder: whatever the engine itself would launch, on a GPU, on a processor, on this adapter. */
import { conv2d } from "../../src/kernels/conv2d";
import { chooseAlgorithms, type Target } from "../../src/kernels/variants";
import type { Recording, Tensor } from "../../src/recording/recording";
import { type BHWC, pad4 } from "../../src/tensor/shape";
import type { Rung } from "./rung";

interface Shipped {
  /** Names of the operands. */
  readonly x: string;
  readonly w: string;
  readonly vectors: string;
  readonly channels: number;
  readonly kernel: readonly [height: number, width: number];
  readonly tolerance: number;
}

/** One rung per kind of target; two may turn out to be the same launches, which the table shows by their names. */
export function shippedRungs({ x, w, vectors, channels, kernel, tolerance }: Shipped): Rung[] {
  const padding = kernel[0] === 3 ? ([1, 1, 1, 1] as const) : ([0, 0, 0, 0] as const);
  const record = (recording: Recording, operand: (name: string) => Tensor, target: Target): Tensor => {
    const options = { channels, vectors: operand(vectors), kernel, padding };
    const input = operand(x) as Tensor<BHWC>;
    // A weight, as a checkpoint's is, so that an algorithm may have it transformed at load; its part is the operand's name.
    const packing = { kind: "conv", parts: [w], sources: [input.shape[3]] } as const;
    const shape = [kernel[0] * kernel[1], pad4(input.shape[3]), pad4(channels)];
    const { y } = recording.add("conv2d", conv2d(input, recording.weight(w, shape, packing), options));
    chooseAlgorithms(recording, target);
    return y;
  };
  return [
    { name: "shipped, for GPUs", tolerance, record: (recording, operand) => record(recording, operand, GPU) },
    { name: "shipped, for processors", tolerance, record: (recording, operand) => record(recording, operand, CPU) },
    { name: "shipped, for this adapter", tolerance, record },
  ];
}

const GPU: Target = { kind: "gpu", subgroupSize: null };
const CPU: Target = { kind: "cpu", subgroupSize: null };
