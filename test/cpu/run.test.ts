/** One dispatch on typed arrays: what views check edited shaders against. */
import { expect, test } from "vitest";
import { cpu, runOnCpu } from "../../src/cpu";
import { activation } from "../../src/kernels/activation";
import { Recording } from "../../src/recording/recording";
import { openDevice } from "../../src/runtime/device";
import { Pipelines } from "../../src/runtime/pipelines";
import { ShaderError } from "../../src/tensor/check";

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
