/** One dispatch on typed arrays: what views check edited shaders against. */
import { expect, test } from "vitest";
import { cpu, runOnCpu } from "../../src/cpu";
import { activation } from "../../src/kernels/activation";
import { conv2d } from "../../src/kernels/conv2d";
import { chooseAlgorithms } from "../../src/kernels/variants";
import { bytesOf, Recording } from "../../src/recording/recording";
import { openDevice } from "../../src/runtime/device";
import { Pipelines } from "../../src/runtime/pipelines";
import { ShaderError } from "../../src/tensor/check";
import type { BHWC } from "../../src/tensor/shape";
import { normal } from "../support/random";

function silu() {
  return activation(new Recording("test").state("x", [1, 4]), "silu");
}

test("a host twin's dispatch reads and writes the arrays that it is given", () => {
  const x = Float32Array.of(-1, 0, 1, 100);
  const y = new Float32Array(4);
  runOnCpu(silu(), { x, y });
  const expected = [-1 / (1 + Math.E), 0, 1 / (1 + Math.exp(-1)), 100];
  for (const [i, value] of expected.entries()) expect(y[i]).toBeCloseTo(value, 6);
});

test.each([
  { kernel: "conv2d_few_inputs", inputs: 3, outputs: 32 },
  { kernel: "conv2d_few_outputs", inputs: 32, outputs: 3 },
])("$kernel is conv2d for the shapes that it is made for", ({ kernel, inputs, outputs }) => {
  const recording = new Recording("test");
  const x = recording.state<BHWC>("x", [1, 6, 5, inputs]);
  const w = recording.state("w", [9, 4 * Math.ceil(inputs / 4), 4 * Math.ceil(outputs / 4)]);
  const vectors = recording.state("vectors", [outputs]);
  recording.add("conv", conv2d(x, w, { channels: outputs, vectors }));
  const [plain] = recording.dispatches;
  chooseAlgorithms(recording, { kind: "gpu", subgroupSize: null });
  const [chosen] = recording.dispatches;
  expect(chosen!.shader.name).toBe(kernel);
  const [a, b] = [plain!, chosen!].map((dispatch) => {
    const buffers = Object.entries({ ...dispatch.reads, ...dispatch.writes }).map(([name, tensor]) => {
      return [name, normal(bytesOf(tensor) / 4, tensor.id)] as const;
    });
    const given = Object.fromEntries(buffers);
    runOnCpu(dispatch, given);
    return given.y!;
  });
  expect(b).toEqual(a);
});

test("a binding that is missing and a kernel that does not exist are refused by name", () => {
  expect(() => runOnCpu(silu(), { x: new Float32Array(4) })).toThrow("activation: binding 'y' must be given");
  const unknown = { ...silu(), shader: { name: "fft" } };
  expect(() => runOnCpu(unknown, {})).toThrow(ShaderError);
  expect(() => runOnCpu(unknown, {})).toThrow(/^fft: must be one of activation, .* to run on the CPU$/);
});

test("another text for a kernel is refused, not silently passed over", async () => {
  const device = await openDevice({ gpu: cpu() });
  const { shader, constants } = silu();
  const edited = { shader: { ...shader, code: shader.code.replace("y[i] =", "y[i] = 2.0 *") }, constants };
  await expect(new Pipelines(device).get(edited)).rejects.toThrow("another text needs WebGPU");
  await expect(new Pipelines(device).get({ shader, constants })).resolves.toBeDefined();
  device.destroy();
});
