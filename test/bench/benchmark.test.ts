/** The benchmark on a model of some thousand parameters: what a receipt must say, and when there must be none. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  benchmark,
  compareReceipts,
  encodeSafetensors,
  float32Tensor,
  InputError,
  parseReceipt,
  type Receipt,
  readTensors,
  rooflineSvg,
  summaryOf,
  WrongResultError,
} from "../../src/index";

const MODEL = "test/fixtures/unets/doodle";
const SETTINGS = { steps: 3, repeats: 2, batch: 2 };

let receipt: Receipt;
let scratch: string;
beforeAll(async () => {
  receipt = await benchmark(MODEL, SETTINGS);
  scratch = await mkdtemp(join(tmpdir(), "unstatic-bench-"));
});
afterAll(() => rm(scratch, { recursive: true }));

describe("a receipt", () => {
  test("has only finite numbers, and no figure that is missing", () => {
    for (const [path, value] of leaves(receipt)) {
      if (typeof value === "number") expect(Number.isFinite(value) && value >= 0, `${path} = ${value}`).toBe(true);
      else expect(["string", "boolean", "object"], `${path} = ${value}`).toContain(typeof value);
    }
  });

  test("says what ran", () => {
    expect(receipt.run).toMatchObject({
      steps: 3,
      evaluations: 3,
      batch: 2,
      networkBatch: 2,
      guidance: 1,
      classLabel: 0,
      // The file has f16, which an adapter on a CPU gains nothing from.
      precision: { weights: receipt.adapter.kind === "cpu" ? "f32" : "f16", activations: "f32" },
    });
    expect(receipt.model).toMatchObject({ name: "doodle", image: { height: 12, width: 12, channels: 1 } });
    expect(receipt.adapter.description).not.toBe("");
    expect(receipt.limits.maxBufferSize).toBeGreaterThan(0);
    expect(receipt.picture.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("names the weights as sha256sum does", async () => {
    const file = await readFile(`${MODEL}/diffusion_pytorch_model.safetensors`);
    expect(receipt.model.weightsSha256).toBe(createHash("sha256").update(file).digest("hex"));
  });

  test("checked the result on the batch that was timed", () => {
    expect(receipt.check.batch).toBe(receipt.run.networkBatch);
    expect(receipt.check.relativeError).toBeLessThanOrEqual(receipt.check.tolerance);
  });

  test("accounts for every dispatch of a step", () => {
    expect(receipt.layers).toHaveLength(receipt.step.dispatches);
    expect(receipt.kernels.reduce((sum, { dispatches }) => sum + dispatches, 0)).toBe(receipt.step.dispatches);
    expect(receipt.kernels.reduce((sum, { flops }) => sum + flops, 0)).toBe(receipt.step.flops);
    expect(receipt.kernels.reduce((sum, { timeShare }) => sum + timeShare, 0)).toBeCloseTo(1);
  });

  test("has a sum of dispatches that is of the step's own size", () => {
    // A wide gate: on a busy machine a sample may take several times what its neighbour took.
    const ratio = receipt.step.dispatchMs / receipt.step.ms.wall.median;
    expect(ratio).toBeGreaterThan(0.05);
    expect(ratio).toBeLessThan(20);
  });

  test("has found the clock's quantum, and samples that it cannot blur", () => {
    expect(receipt.clock.quantumMs).toBeGreaterThan(0);
    expect(receipt.clock.minSampleMs).toBeGreaterThanOrEqual(100 * receipt.clock.quantumMs * (1 - 1e-9));
    expect(receipt.layers.every(({ repeats }) => Number.isInteger(repeats) && repeats >= 1)).toBe(true);
  });

  test("has the device's own peaks", () => {
    expect(receipt.peaks.gflops).toBeGreaterThan(0);
    expect(receipt.peaks.copies.length).toBeGreaterThanOrEqual(3);
  });

  test("survives being written and read", () => {
    expect(parseReceipt(JSON.stringify(receipt), "receipt.json")).toEqual(receipt);
    expect(() => parseReceipt('{"format":"other"}', "other.json")).toThrow("other.json: must be a receipt");
    expect(() => parseReceipt("{", "cut.json")).toThrow(InputError);
  });
});

test("the page of text names every kernel, the quantum and the check", () => {
  const text = summaryOf(receipt);
  for (const { kernel } of receipt.kernels) expect(text).toContain(kernel);
  expect(text).toMatch(/quantum [\d.]+ ns/);
  expect(text).toContain("result    right");
});

test("the roofline has a dot for every dispatch that computes", () => {
  const svg = rooflineSvg(receipt);
  const computing = receipt.layers.filter(({ flops }) => flops > 0).length;
  expect(svg.match(/class="mark"[^>]*><title>/g)).toHaveLength(computing);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

describe("nothing is timed", () => {
  test("where the result is wrong", async () => {
    const tensors = await readTensors(`${MODEL}/reference.safetensors`);
    tensors.get("output")!.data[5]! += 0.01;
    const file = join(scratch, "wrong.safetensors");
    const changed = [...tensors].map(([name, { data, shape }]) => [name, float32Tensor(data, shape)] as const);
    await writeFile(file, encodeSafetensors(new Map(changed)));
    await expect(benchmark(MODEL, { ...SETTINGS, reference: file })).rejects.toThrow(WrongResultError);
  });

  test("without a reference", async () => {
    const missing = join(scratch, "none.safetensors");
    await expect(benchmark(MODEL, { reference: missing })).rejects.toThrow(/python bench\/make_reference\.py/);
  });
});

test("without timestamp-query the host's clock takes over and a note says so", async () => {
  const plain = await benchmark("test/fixtures/unets/one_level", { steps: 1, repeats: 1, baseline: true });
  expect(plain.clock.name).toBe("wall clock");
  expect(plain.step.ms.gpu).toBeNull();
  expect(plain.notes.join()).toContain("timestamp-query is missing");
  expect(plain.layers.every(({ ms }) => ms > 0)).toBe(true);
});

test("weights in fewer bits than the file's are compared as loosely as they must be, and named", async () => {
  const narrow = await benchmark("test/fixtures/unets/one_level", { steps: 1, repeats: 1, weights: "int8" });
  expect(narrow.run.precision).toEqual({ weights: "int8", activations: "f32" });
  expect(narrow.check.relativeError).toBeGreaterThan(1e-4);
  expect(narrow.check.relativeError).toBeLessThanOrEqual(narrow.check.tolerance);
});

describe("compare", () => {
  const named = (name: string, change: Partial<Receipt> = {}) => ({ name, receipt: { ...receipt, ...change } });

  test("shows ratios to the first receipt", () => {
    const slower = { ...receipt.step, ms: { ...receipt.step.ms, wall: doubled(receipt.step.ms.wall) } };
    const text = compareReceipts([named("before"), named("after", { step: slower })]);
    expect(text).toMatch(/step, median .* x 2\.00/);
    expect(text).toMatch(/sum .* same/);
    expect(text).toContain("pictures: the same, bit by bit");
  });

  test("lays three side by side, each with its ratio to the first", () => {
    const times = (factor: number) => ({ step: { ...receipt.step, dispatchMs: factor * receipt.step.dispatchMs } });
    const text = compareReceipts([named("a"), named("b", times(2)), named("c", times(3))]);
    expect(text).toMatch(/^kernels of a step, ms +a +b +ratio +c +ratio$/m);
    expect(text).toMatch(/^sum .* x 2\.00 .* x 3\.00$/m);
  });

  test("refuses receipts of different models", () => {
    const other = { ...receipt.model, weightsSha256: "0".repeat(64) };
    expect(() => compareReceipts([named("a"), named("b", { model: other })])).toThrow(
      /^b: the model's weights must be .* as in a, got 0000000000000000$/,
    );
  });

  test("refuses receipts of different batches", () => {
    const other = { ...receipt.run, networkBatch: 4 };
    expect(() => compareReceipts([named("a"), named("b", { run: other })])).toThrow("the network's batch must be 2");
  });

  test("needs two", () => {
    expect(() => compareReceipts([named("a")])).toThrow("needs at least two receipts");
  });
});

function doubled(spread: Receipt["step"]["ms"]["wall"]): Receipt["step"]["ms"]["wall"] {
  return { ...spread, median: 2 * spread.median, p10: 2 * spread.p10, p90: 2 * spread.p90 };
}

function leaves(value: unknown, path = ""): [string, unknown][] {
  if (value === null || typeof value !== "object") return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}
