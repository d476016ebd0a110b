/** One dispatch on typed arrays: the reference in TypeScript for any kernel, whatever WGSL stands beside it. */
import type { Dispatch } from "../recording/dispatch";
import type { Shader } from "../recording/shader";
import { check, ShaderError } from "../tensor/check";
import { type CpuKernel, KERNELS } from "./kernels";
import { unpackedWeights } from "./weights";

/** Memory of bindings by their names, in the padded layout: f32 numbers, or u32 words where the shader has those. */
export type Buffers = Readonly<Record<string, Float32Array | Uint32Array>>;

/**
 * The kernel of a shader's name; behind a colon the name may say in which format the matrix w lies in memory.
 * @throws ShaderError where there is none.
 */
export function kernelOf(shader: string): CpuKernel {
  const kernel = KERNELS.get(shader.split(":")[0]!);
  check(kernel, () => `${shader}: must be one of ${[...KERNELS.keys()].join(", ")} to run on the CPU`, ShaderError);
  return kernel;
}

/** Runs a dispatch of a host twin: reads `buffers`, writes into those that the shader writes. */
export function runOnCpu(
  dispatch: Pick<Dispatch, "constants" | "params" | "workgroups"> & { readonly shader: Pick<Shader, "name"> },
  given: Buffers,
): void {
  const { shader, run } = kernelOf(dispatch.shader.name);
  for (const name of Object.keys(shader.bindings)) {
    check(name === "params" || given[name], () => `${shader.name}: binding '${name}' must be given`, ShaderError);
  }
  const { params = {}, constants = {}, workgroups } = dispatch;
  const format = dispatch.shader.name.split(":")[1];
  const buffers = format
    ? { ...given, w: unpackedWeights(wordsOf(given.w!), format, 4 * params.out_channels!) }
    : given;
  const viewed = <T>(view: (memory: Float32Array | Uint32Array) => T) =>
    Object.fromEntries(Object.entries(buffers).map(([name, memory]) => [name, view(memory)]));
  run({
    f32: viewed(({ buffer, byteOffset, length }) => new Float32Array(buffer, byteOffset, length)),
    u32: viewed(wordsOf),
    params,
    constants: Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, Number(value)])),
    workgroups,
  });
}

function wordsOf({ buffer, byteOffset, length }: Float32Array | Uint32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}
