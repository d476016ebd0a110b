/**
 * Whether an adapter that offers shader-f16 computes with it rightly: drivers have been blocked for getting it wrong. The
 * engine's own linear layer is asked for results that f16 has exactly, and for numbers that it must round or give up.
 */
import { linear } from "../kernels/conv2d";
import { Recording } from "../recording/recording";
import { Program } from "../runtime/program";
import { replay } from "../runtime/replay";
import { check, DeviceError } from "../tensor/check";
import type { Engine } from "./engine";

const ROWS = 33;
const C = 40;

/** Rounded to a neighbour in f16: an odd one above 2048, a third, tenths, the largest. The last two are beyond f16. */
const ROUNDED = [2049, -2051, 1 / 3, -0.1, 65504, 6.2e-5];
const BEYOND = [65536, -1e9];

/** Whole numbers from -8 to 8, of which sums of 40 products stay exact. */
function whole(i: number): number {
  return ((i * 7919) % 17) - 8;
}

/** @throws DeviceError where there is no f16, or a wrong one; the engine is then destroyed. */
export async function checkHalf(engine: Engine): Promise<void> {
  try {
    await tryHalf(engine);
  } catch (error) {
    engine.destroy();
    throw error;
  }
}

async function tryHalf(engine: Engine): Promise<void> {
  const { device } = engine;
  const { features, description } = device.adapter;
  check(
    features.includes("shader-f16"),
    () =>
      `precision f16: the adapter must offer shader-f16, got ${description}, which does not. Load with precision "f32"`,
    DeviceError,
  );
  const { recording, ends } = await engine.recorded(recordCheck, async () => {});
  const options = { sharesMemory: false };
  const program = await Program.create(device, engine.pipelines, engine.weights, recording, undefined, options);
  try {
    const x = Float32Array.from({ length: ROWS * C }, (_, i) => whole(i));
    x.set([...ROUNDED, ...BEYOND]);
    const w = Float32Array.from({ length: C * C }, (_, i) => whole(i + 5));
    program.write(ends.x, x);
    program.write(
      ends.same,
      Float32Array.from({ length: C * C }, (_, i) => Number(i % (C + 1) === 0)),
    );
    program.write(ends.w, w);
    program.write(ends.bias, new Float32Array(C));
    for await (const _ of replay(program, { opening: [], section: "step", count: 1, sliceMs: Infinity }));
    const wrong = wrongIn(await program.read(ends.stored)) ?? wrongSum(await program.read(ends.y), x, w);
    check(
      wrong === null,
      () => `precision f16: ${description} must compute rightly in f16, got ${wrong}. Load with precision "f32"`,
      DeviceError,
    );
  } finally {
    program.destroy();
  }
}

/** x stored as f16, and multiplied from there. */
function recordCheck() {
  const recording = new Recording("check of f16", { weights: "f32", activations: "f16" });
  const x = recording.state("x", [1, ROWS, C] as const);
  const same = recording.state("identity", [1, C, C]);
  const w = recording.state("w", [1, C, C]);
  const bias = recording.state("bias", [C]);
  const stored = recording.add("stored", linear(x, same, { channels: C, vectors: bias })).y;
  const y = recording.add("sum", linear(stored, w, { channels: C, vectors: bias, isExact: true })).y;
  return { recording, ends: { x, same, w, bias, stored, y } };
}

/** What is wrong with the numbers of the first row; rounding may go to either neighbour. */
function wrongIn(stored: Float32Array): string | null {
  for (const [i, value] of ROUNDED.entries()) {
    if (!(Math.abs(stored[i]! - value) <= Math.abs(value) * 2 ** -10)) return `${stored[i]} for ${value}`;
  }
  for (const [i, value] of BEYOND.entries()) {
    const got = stored[ROUNDED.length + i]!;
    if (Number.isFinite(got)) return `${got} for ${value}, which is beyond f16`;
  }
  return null;
}

/** What is wrong with the sums of the other rows, which must be exact. */
function wrongSum(y: Float32Array, x: Float32Array, w: Float32Array): string | null {
  for (let row = 1; row < ROWS; row++)
    for (let n = 0; n < C; n++) {
      let sum = 0;
      for (let k = 0; k < C; k++) sum += x[row * C + k]! * w[k * C + n]!;
      if (y[row * C + n] !== sum) return `${y[row * C + n]} for a sum of ${sum}`;
    }
  return null;
}
