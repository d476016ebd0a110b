/** Precision as the user meets it: what load() is asked for, what a file has, and what happens where f16 is too small. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceError, InputError, load } from "../../src/index";
import type { Pipelines } from "../../src/runtime/pipelines";
import { Engine } from "../../src/sampler/engine";
import { checkHalf } from "../../src/sampler/half_check";
import { quantizeFolder } from "../../src/sampler/quantize";
import { changedModel } from "../support/changed_model";
import { testDevice } from "../support/gpu";
import "../support/matchers";

const FOLDER = "test/fixtures/unets/doodle";
const OPTIONS = { classLabel: 1, steps: 4, seed: 3 };

const { features, description } = (await testDevice({ baseline: false })).device.adapter;
const hasHalf = features.includes("shader-f16");
if (!hasHalf) console.log(`skipped: f16 arithmetic, since ${description} has no shader-f16`);

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "unstatic-"));
});
afterAll(() => rm(scratch, { recursive: true }));

describe("weights", () => {
  test("stay as the file has them unless told otherwise", async () => {
    using half = await load(FOLDER);
    const isCpu = (await half.adapter()).kind === "cpu";
    expect((await half.generate(OPTIONS)).report.precision).toEqual({
      weights: isCpu ? "f32" : "f16",
      activations: "f32",
    });
    using full = await load(await changedModel(FOLDER, scratch, () => {}));
    const { report, images } = await full.generate(OPTIONS);
    expect(report.precision).toEqual({ weights: "f32", activations: "f32" });
    // The same numbers, unpacked by the kernel or not: the same picture.
    using packed = await load(FOLDER, { weights: "f16" });
    expect((await packed.generate(OPTIONS)).images[0]!.samples).toEqual(images[0]!.samples);
  });

  test("in int8 give the picture of the same integers in f32, one not far from the original's", async () => {
    const folder = await changedModel(FOLDER, scratch, () => {});
    const { files } = await quantizeFolder(FOLDER, "int8");
    for (const [path, bytes] of files) await writeFile(join(folder, path), bytes);
    using packed = await load(folder, { weights: "int8" });
    const { report, images } = await packed.generate(OPTIONS);
    expect(report.precision.weights).toBe("int8");
    using unpacked = await load(folder, { weights: "f32" });
    const expected = (await unpacked.generate(OPTIONS)).images[0]!.samples;
    expect(images[0]!.samples).toBeAllClose(expected, { rtol: 0, atol: 1e-3 });
    using original = await load(FOLDER);
    const difference = (await original.generate(OPTIONS)).images[0]!.samples.map((value, i) => value - expected[i]!);
    expect(Math.max(...difference.map(Math.abs))).toBeLessThan(0.2); // of a range of 2
    expect(Math.max(...difference.map(Math.abs))).toBeGreaterThan(1e-3);
  });

  test("and precision are refused by name where there is no such thing", async () => {
    await expect(load(FOLDER, { weights: "int4" as never })).rejects.toThrow("weights: must be one of f32, f16, int8");
    await expect(load(FOLDER, { precision: "bf16" as never })).rejects.toThrow(InputError);
  });

  test("f16 arithmetic on an adapter without it is refused, not replaced", async () => {
    const error = await load(FOLDER, { precision: "f16", baseline: true }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as Error).message).toContain("the adapter must offer shader-f16");
  });
});

describe.skipIf(!hasHalf)("activations in f16", () => {
  test("give a picture near that of f32, in half the memory, with the same submits and readbacks", async () => {
    using exact = await load(FOLDER);
    using half = await load(FOLDER, { precision: "f16" });
    const a = await exact.generate(OPTIONS);
    const b = await half.generate(OPTIONS);
    expect(b.images[0]!.samples).toBeAllClose(a.images[0]!.samples, { rtol: 0, atol: 0.05 });
    expect(b.images[0]!.samples).not.toEqual(a.images[0]!.samples);
    expect(b.report).toMatchObject({ precision: { activations: "f16" }, overflow: null });
    expect(b.report.readbacks).toBe(a.report.readbacks);
    expect(b.report.dispatches).toBe(a.report.dispatches);
    expect(b.report.memoryBytes).toBeLessThan(a.report.memoryBytes);
  });

  test("where a layer is beyond f16 the picture is f32's, and the report says why", async () => {
    // The norm behind conv_in divides by it again: f32 has no difficulty.
    const folder = await changedModel(FOLDER, scratch, (name, values) => {
      if (name === "conv_in.weight") for (let i = 0; i < values.length; i++) values[i]! *= 1e6;
    });
    using exact = await load(folder);
    const expected = await exact.generate(OPTIONS);
    using half = await load(folder, { precision: "f16" });
    const { images, report } = await half.generate(OPTIONS);
    expect(images[0]!.samples).toEqual(expected.images[0]!.samples);
    expect(report).toMatchObject({ precision: { activations: "f32" }, overflow: "conv_in" });
    expect((await half.generate(OPTIONS)).report).toMatchObject({ overflow: "conv_in" });

    using stepped = await load(folder, { precision: "f16" });
    const indices: number[] = [];
    const steps = stepped.denoise(OPTIONS);
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) indices.push(step.value.index);
    expect(indices).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    expect(step.value.images[0]!.samples).toEqual(expected.images[0]!.samples);

    using once = await load(folder, { precision: "f16" });
    const input = {
      sample: new Float32Array(32 * 32).fill(0.5),
      shape: [1, 1, 32, 32],
      timestep: 10,
      classLabels: [1],
    };
    const { output } = await once.forward(input as never);
    expect(output).toEqual((await exact.forward(input as never)).output);
  });

  /** The f16 of an adapter whose driver gets `from` wrong. */
  async function tryWrong(from: string, to: string): Promise<void> {
    const { device, pipelines } = await testDevice({ baseline: false });
    const engine = new Engine(device, false);
    const wrong = Object.create(engine, {
      device: { value: device },
      weights: { value: engine.weights },
      destroy: { value: () => {} },
      recorded: { value: engine.recorded.bind(engine) },
      pipelines: {
        value: {
          get: (launch: Parameters<Pipelines["get"]>[0]) => {
            expect(launch.shader.code).toContain(from);
            const shader = { ...launch.shader, name: `${launch.shader.name} ${to}` };
            return pipelines.get({ ...launch, shader: { ...shader, code: shader.code.replace(from, to) } });
          },
        },
      },
    });
    await checkHalf(wrong);
  }

  test("are tried before they are used: a driver that computes them wrongly is refused", async () => {
    await tryWrong("vec4<f16>(v)", "vec4<f16>(v)");
    await expect(tryWrong("vec4<f16>(v)", "vec4<f16>(v * 1.002)")).rejects.toThrow("must compute rightly in f16, got");
  });
});
