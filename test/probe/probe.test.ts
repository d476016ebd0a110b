/** A generation held still: its numbers are those of the loop, whatever was looked at or tried before. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CompileError, Device, InputError, load, type Model, openDevice, openProbe, type Probe } from "../../src/index";
import "../support/matchers";

/** Random weights: 12 x 12 x 1, heads of width 3 padded to 4, attention at two levels. */
const MODEL = "test/fixtures/unets/odd_heads";
/** The trained model's heads are as wide as a subgroup likes them. */
const WIDE_HEADS = "weights/doodle";
const STEPS = 5;
const OPTIONS = { steps: STEPS, seed: 3, sampler: "ddpm" };

let model: Model;
let probe: Probe;
beforeAll(async () => {
  model = await load(MODEL);
  probe = await openProbe(model, OPTIONS);
});
afterAll(() => {
  probe?.destroy();
  model?.destroy();
});

function layer(label: string) {
  return probe.layers.find((each) => each.label === label)!;
}

/** The adapter at hand, taken for a GPU: the kernels chosen are those that run everywhere. */
async function deviceAsGpu(): Promise<Device> {
  const device = await openDevice();
  return new Device(device.gpu, { ...device.adapter, kind: "gpu", subgroupSize: null });
}

function readAll(held = probe): Promise<Float32Array[]> {
  const { layers } = held;
  const step = layers.filter(({ section }) => section === "step");
  const floats = step.flatMap(({ index, writes }) =>
    writes.filter(({ dtype }) => dtype !== "u32").map(({ binding }) => [index, binding] as const),
  );
  return Promise.all(floats.map(async ([index, binding]) => (await held.read(index, binding)).values));
}

describe("steps", () => {
  test("the last step ends with the picture that generate makes", async () => {
    const { images } = await model.generate(OPTIONS);
    await probe.goTo(STEPS - 1);
    const { shape, values } = await probe.read(layer("sampler_step").index, "x");
    expect(shape).toEqual([1, 12, 12, 1]);
    expect(values).toBeAllClose(images[0]!.samples, { rtol: 0, atol: 1e-6 });
  });

  test("what a layer finds is what the step before left", async () => {
    const { index } = layer("sampler_step");
    await probe.goTo(2);
    const after = await probe.read(index, "x");
    await probe.goTo(3);
    const input = layer("conv_in");
    const found = await probe.read(input.index, "x");
    const denoised = await probe.read(index, "denoised");
    expect(found.values).not.toEqual(denoised.values);
    // DDPM's network reads the state itself.
    expect(found.values).toBeAllClose(after.values, { rtol: 0, atol: 1e-6 });
  });

  test("going back gives every number again", async () => {
    await probe.goTo(1);
    const first = await readAll();
    await probe.goTo(4);
    expect((await readAll())[0]).not.toEqual(first[0]);
    await probe.goTo(1);
    expect(await readAll()).toEqual(first);
  });

  test("a step that the generation does not have is refused, and so is looking before any", async () => {
    expect(() => probe.goTo(STEPS)).toThrow(new InputError(`step: must be an integer from 0 to 4, got ${STEPS}`));
    const fresh = await openProbe(model, OPTIONS);
    await expect(fresh.trial(layer("conv_in").index)).rejects.toThrow("needs a step to look at");
    fresh.destroy();
  });

  test("an abort ends the way to a step between two steps; the next call goes on", async () => {
    const fresh = await openProbe(model, OPTIONS);
    const controller = new AbortController();
    const onStep = (step: number) => step === 1 && controller.abort();
    await expect(fresh.goTo(4, { signal: controller.signal, onStep })).rejects.toThrow("abort");
    expect(fresh.step).toBe(1);
    await fresh.goTo(4);
    await probe.goTo(4);
    const { index } = layer("sampler_step");
    expect(await fresh.read(index, "x")).toEqual(await probe.read(index, "x"));
    fresh.destroy();
  });
});

describe("layers", () => {
  test("say what the recording says", () => {
    const { kernel, code, reads, writes, workgroupSize, flops, bytes } = layer("conv_in");
    expect(code).toContain(`// ${kernel.split(":")[0]}:`);
    expect(reads.map(({ binding }) => binding)).toContain("x");
    expect(writes[0]!.shape).toEqual([1, 12, 12, expect.any(Number)]);
    expect(workgroupSize[0]).toBeGreaterThan(1);
    expect(flops).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(writes[0]!.bytes);
    expect(probe.layers.map(({ index }) => index)).toEqual(probe.layers.map((_, i) => i));
  });

  test("every dispatch of a step has a time", async () => {
    await probe.goTo(2);
    const before = await readAll();
    const times = await probe.time(1);
    expect(times).toHaveLength(probe.layers.filter(({ section }) => section === "step").length);
    for (const { ms } of times) expect(ms.median).toBeGreaterThan(0);
    expect(await readAll()).toEqual(before);
  });

  test("what has no numbers to show is refused by name", () => {
    const { index } = layer("conv_in");
    expect(() => probe.read(index, "z")).toThrow("conv_in: has no binding 'z'");
    expect(() => probe.read(index, "w")).toThrow("conv_in: 'w' must be an activation");
    expect(() => probe.attention(index)).toThrow("conv_in: must be an attention");
    expect(() => probe.read(9999, "x")).toThrow("layer: must be one of");
  });
});

test.each([MODEL, WIDE_HEADS])(
  "attention's weights, times the values, are what the kernel wrote: %s",
  async (folder) => {
    const isOther = folder !== MODEL;
    const own = isOther ? await load(folder) : model;
    const probe = await openProbe(own, isOther ? { steps: 1, prompt: "rabbit" } : OPTIONS);
    await probe.goTo(0);
    const layers = probe.layers.filter(({ index }) => probe.isAttention(index));
    expect(layers.length).toBeGreaterThan(0);
    for (const { index, params } of layers) {
      const map = await probe.attention(index);
      // Some adapters weigh and sum in two dispatches.
      const sums = probe.layers.find(
        (each) => each.index >= index && each.reads.some(({ binding }) => binding === "v"),
      )!;
      const v = await probe.read(sums.index, "v");
      const y = await probe.read(sums.index, "y");
      const D = 4 * params.head_columns!;
      const columns = v.shape.at(-1)!;
      const rows = params.keys!;
      const expected = new Float32Array(y.values.length);
      for (let image = 0; image < map.images; image++) {
        for (let head = 0; head < map.heads; head++) {
          for (let query = 0; query < rows; query++) {
            const weights = map.weights(image, head, query);
            for (let d = 0; d < D; d++) {
              let sum = 0;
              for (let key = 0; key < rows; key++) {
                sum +=
                  weights[key]! * v.values[(image * rows + key) * columns + 4 * sums.params.v_column! + head * D + d]!;
              }
              expected[(image * rows + query) * map.heads * D + head * D + d] = sum;
            }
          }
        }
      }
      expect(y.values).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
      expect(() => map.weights(0, map.heads, 0)).toThrow("must be one of");
    }
    probe.destroy();
    if (isOther) own.destroy();
  },
);

describe("a trial", () => {
  test.each([
    { why: "as this adapter runs it", options: {} },
    {
      why: "as a GPU runs it: norms in the convolutions, statistics behind the maps",
      options: { device: deviceAsGpu },
    },
    {
      why: "with activations in f16",
      options: { precision: "f16" as const },
      feature: "shader-f16",
    },
  ])(
    "the original passes against itself, whatever the kernel, $why",
    async ({ options, feature }) => {
      if (feature && !(await model.adapter()).features.includes(feature)) return;
      const own = await load(MODEL, options);
      const probe = await openProbe(own, OPTIONS);
      await probe.goTo(3);
      const before = await readAll(probe);
      const kernels = new Map(probe.layers.map((each) => [each.kernel, each]));
      const compared = new Set<string>();
      for (const { index, code, label, kernel } of kernels.values()) {
        const trial = await probe.trial(index);
        const { passes, outputs, ms } = await trial.run(code);
        expect(passes, label).toBe(true);
        for (const { maxError, referenceError, tolerance } of outputs) {
          expect(maxError, label).toBe(0);
          // Plain TypeScript sums in another order; a few fast variants have no like in it.
          expect(referenceError ?? 0, label).toBeLessThanOrEqual(tolerance);
          if (referenceError !== null) compared.add(kernel);
        }
        expect(ms!.candidate).toBeGreaterThan(0);
        expect(ms!.original).toBeGreaterThan(0);
        trial.destroy();
      }
      expect(compared.size).toBeGreaterThan(feature ? 3 : kernels.size / 2);
      expect(await readAll(probe)).toEqual(before);
      probe.destroy();
      own.destroy();
    },
    240_000,
  );

  test("a wrong kernel fails with its error, is not timed, and spoils nothing", async () => {
    const target = layer("sampler_step");
    const trial = await probe.trial(target.index);
    const before = await readAll();
    const wrong = target.code.replace(/^(\s*)x\[(\w+)\] = (.*);/m, "$1x[$2] = 1.01 * ($3);");
    expect(wrong).not.toBe(target.code);
    const { passes, outputs, ms } = await trial.run(wrong);
    expect(passes).toBe(false);
    expect(ms).toBeNull();
    const x = outputs.find(({ binding }) => binding === "x")!;
    expect(x.maxError).toBeGreaterThan(x.tolerance);
    expect(x.maxError).toBeLessThan(1);
    expect((await trial.run(target.code)).passes).toBe(true);
    trial.destroy();
    expect(await readAll()).toEqual(before);
  });

  test("a kernel that writes NaN fails", async () => {
    const target = layer("sampler_step");
    const trial = await probe.trial(target.index);
    const { outputs } = await trial.run(
      target.code.replace(/^(\s*)x\[(\w+)\] = .*;/m, "$1x[$2] = vec4f(sqrt(params_is_negative()));") +
        "\nfn params_is_negative() -> f32 { return -f32(arrayLength(&x)); }\n",
    );
    expect(outputs.find(({ binding }) => binding === "x")!.maxError).toBe(Infinity);
    trial.destroy();
  });

  test("text that is not WGSL is refused with lines and columns", async () => {
    const target = layer("conv_in");
    const trial = await probe.trial(target.index);
    const lines = target.code.split("\n");
    const at = lines.findIndex((line) => line.includes("fn main"));
    const failure = await trial
      .run([...lines.slice(0, at), "fn broken() { let = 1; }", ...lines.slice(at)].join("\n"))
      .catch((error) => error);
    expect(failure).toBeInstanceOf(CompileError);
    expect(failure.problems[0]).toMatchObject({ line: at + 1, message: expect.stringContaining("expected") });
    expect(failure.problems[0].column).toBeGreaterThan(1);
    const renamed = await trial.run(target.code.replace("fn main(", "fn other(")).catch((error) => error);
    expect(renamed).toBeInstanceOf(CompileError);
    expect(renamed.message).toContain("main");
    expect((await trial.run(target.code)).passes).toBe(true);
    trial.destroy();
  });
});
