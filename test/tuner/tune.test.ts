/** The tuner's promises. Time is what the test says it is: nothing here depends on how fast the adapter happens to be. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Choice,
  type Contestant,
  formatTuning,
  load,
  type Model,
  parseTuning,
  type Stopwatch,
  type TuneResult,
  type Tuning,
  tune,
} from "../../src/index";
import { unpadRows } from "../../src/tensor/shape";

const FOLDER = "test/fixtures/unets/doodle";
/** On CPU adapters another way to launch the kernels, in workgroups that no default has. */
const FINE: Choice = { algorithm: "direct", workgroup: 32 };
let model: Model;
beforeAll(async () => {
  model = await load(FOLDER);
});
afterAll(() => model?.destroy());

/** Workgroup sizes of a contestant's launches. */
function launches({ program, indices }: Contestant): number[] {
  const step = program.recording.dispatches.filter(({ section }) => section === "step");
  return indices.map((index) => Number(step[index]!.constants?.WORKGROUP_SIZE));
}

/** Says that contestants with a launch in such workgroups take `ms(n)` the n-th time, all others 1. */
function stopwatch(workgroups: readonly number[], ms: (sample: number) => number): Stopwatch {
  let sample = 0;
  return {
    time: async (contestant) => (launches(contestant).some((size) => workgroups.includes(size)) ? ms(sample++) : 1),
    destroy: () => {},
  };
}

/** The model, but where the fine launch was chosen, the first number of every result is 5 % of the largest off. */
function spoilt({ config, prepare }: Model): Pick<Model, "config" | "prepare"> {
  return {
    config,
    prepare: async (options, isOpen, choose) => {
      let isSpoilt = false;
      const made = await prepare.call(model, options, isOpen, (operation, dispatch) => {
        const choice = choose?.(operation, dispatch);
        isSpoilt ||= choice === FINE;
        return choice;
      });
      const { program } = made.run;
      const read = program.read.bind(program);
      program.read = async (tensor) => {
        const numbers = await read(tensor);
        if (isSpoilt) numbers[0]! += 0.05 * Math.max(...unpadRows(numbers, tensor.shape).map(Math.abs));
        return numbers;
      };
      return made;
    },
  };
}

/** Candidates for the first convolutions of a network: three shapes tell as much as all, and build sooner. */
function firstShapes(choices: readonly Choice[], shapes = 3) {
  let left = shapes;
  return (operation: { readonly kind: string }) => (operation.kind === "conv2d" && left-- > 0 ? choices : []);
}

const tuneWith = (choices: readonly Choice[], time: Stopwatch, shapes?: number) =>
  tune(model, { guidance: 1, stopwatch: time, candidates: firstShapes(choices, shapes) });

/** A tuning in which the fine launch won, made once. */
let won: Promise<TuneResult> | undefined;
function winning(): Promise<TuneResult> {
  won ??= tuneWith(
    [FINE],
    stopwatch([32], () => 0.5),
  );
  return won;
}

describe("a candidate", () => {
  test("with a wrong result cannot win, however fast it is", async () => {
    const { shapes } = await tune(spoilt(model), {
      guidance: 1,
      stopwatch: stopwatch([32], () => 1e-3),
      candidates: firstShapes([FINE]),
    });
    const tried = shapes.filter(({ candidates }) => candidates.length > 0);
    expect(tried.length).toBe(3);
    for (const { candidates, winner } of tried) {
      expect(candidates).toEqual([
        {
          choice: FINE,
          difference: expect.closeTo(0.05, 1),
          gain: null,
          objection: expect.stringMatching(/differs by 0\.0\d+$/),
        },
      ]);
      expect(winner).toBeNull();
    }
  });

  test("that the adapter's table does not have cannot win", async () => {
    const { shapes } = await tuneWith(
      [{ algorithm: "magic" }],
      stopwatch([0], () => 1),
    );
    const objections = shapes.flatMap(({ candidates }) => candidates.map(({ objection }) => objection));
    expect(objections.length).toBe(3);
    for (const objection of objections) expect(objection).toMatch(/the algorithm must be one of .*, got magic/);
  });

  test("that is the default is not timed", async () => {
    const { shapes } = await tuneWith(
      [{ algorithm: "direct", workgroup: 64 }],
      stopwatch([64], () => 1e-3),
    );
    const direct = shapes.filter(({ kernels }) => kernels.at(-1) === "conv2d_subgroup");
    expect(direct.map(({ candidates }) => candidates[0]!.objection)).toEqual(direct.map(() => "it is the default"));
  });

  test("that is not more than 5 % faster does not win", async () => {
    const { shapes, tuning, place } = await tuneWith(
      [FINE],
      stopwatch([32], () => 1 / 1.05),
    );
    expect(shapes.filter(({ winner }) => winner)).toEqual([]);
    expect(Object.values(tuning.places[place]!).every((choice) => choice === null)).toBe(true);
  });

  test.each([
    ["the first confirmation", 7],
    ["the second confirmation", 14],
  ])("that is no faster in %s does not win", async (_, from) => {
    const time = stopwatch([32], (sample) => (sample < from ? 0.5 : 1));
    const { shapes } = await tuneWith([FINE], time, 1);
    expect(shapes[0]!.candidates).toMatchObject([{ choice: FINE, gain: 2, objection: null }]);
    expect(shapes[0]!.winner).toBeNull();
  });
});

describe("the slowest shapes", () => {
  /** Says that the attention takes all of the time. */
  const time: Stopwatch = {
    time: async ({ program, indices }) => {
      const step = program.recording.dispatches.filter(({ section }) => section === "step");
      return indices.some((i) => step[i]!.shader.name.startsWith("attention")) ? 100 : 1;
    },
    destroy: () => {},
  };

  test("are tuned first, and alone where so many were asked for", async () => {
    const heard: [number, number, string | null][] = [];
    const candidates = () => [];
    const onProgress = (...news: [number, number, string | null]) => heard.push(news);
    const { shapes, tuning, place } = await tune(model, {
      guidance: 1,
      slowest: 2,
      stopwatch: time,
      candidates,
      onProgress,
    });
    expect(shapes).toHaveLength(2);
    expect(shapes[0]!.key).toMatch(/^attention/);
    expect(shapes[0]!.share).toBeGreaterThan(shapes[1]!.share);
    expect(Object.keys(tuning.places[place]!)).toEqual(shapes.map(({ key }) => key));
    expect(heard).toEqual([
      [0, 2, shapes[0]!.labels[0]],
      [1, 2, shapes[1]!.labels[0]],
      [2, 2, null],
    ]);
  });

  test("cannot be fewer than one", async () => {
    await expect(tune(model, { slowest: 0 })).rejects.toThrow("slowest: must be 1 or more shapes, got 0");
  });
});

describe("a winner", () => {
  /** Workgroup sizes of a step's launches by the model's own choice of algorithms. */
  async function workgroupsWith(tuning?: Tuning): Promise<unknown[]> {
    using tuned = await load(FOLDER, { ...(tuning && { tuning }) });
    const { run } = await tuned.prepare({ classLabel: 0, guidance: 1, steps: 2 });
    return run.program.recording.dispatches
      .filter(({ shader }) => shader.name.startsWith("conv2d_"))
      .map(({ constants }) => constants?.WORKGROUP_SIZE);
  }

  test("is remembered as text, and used where it is given, there alone", async () => {
    const { tuning, place, shapes } = await winning();
    const winners = shapes.filter(({ winner }) => winner);
    expect(winners).not.toEqual([]);
    for (const { winner } of winners) expect(winner).toEqual({ choice: FINE, gain: 2 });

    const remembered = parseTuning(formatTuning(tuning), "tuning.json");
    expect(remembered).toEqual(tuning);
    expect(await workgroupsWith(remembered)).toContain(32);
    expect(await workgroupsWith()).not.toContain(32);
    const elsewhere = { places: { [`another ${place}`]: tuning.places[place]! } };
    expect(await workgroupsWith(elsewhere)).not.toContain(32);
  });

  test("changes no picture", async () => {
    const { tuning } = await winning();
    const options = { classLabel: 0, steps: 2, guidance: 1, seed: 3 };
    using tuned = await load(FOLDER, { tuning });
    const [expected, got] = [await model.generate(options), await tuned.generate(options)];
    const difference = Math.max(
      ...got.images[0]!.data.map((value, i) => Math.abs(value - expected.images[0]!.data[i]!)),
    );
    expect(difference).toBeLessThanOrEqual(1);
  });

  test("holds for its adapter, its software and its kernels", async () => {
    const { place } = await winning();
    expect(place).toMatch(/^.+; subgroups \d+; Dawn for Node \d+\.\d+\.\d+; kernels [0-9a-f]{8}$/);
  });
});

test("an abort ends the tuning, and the model goes on", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(tune(model, { guidance: 1, signal })).rejects.toThrow("enough");
  expect((await model.generate({ classLabel: 0, steps: 1 })).images).toHaveLength(1);
});
