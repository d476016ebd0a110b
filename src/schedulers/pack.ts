/** A table as the 32-bit words that shaders/sampler_step.wgsl reads: a header, then one record per row. */
import { HEADER_WORDS, ROW_WORDS, type Row, type Table } from "./table";

/** What a generation adds to a table; all of it lives in the table's buffer, so that a new seed is one upload. */
export interface PackOptions {
  /** 64-bit key of the random stream. */
  readonly seed: bigint;
  /** Scale of classifier-free guidance; 1 is the conditional prediction alone. */
  readonly guidanceScale?: number;
  /** How far guidance's wider spread is pulled back, 0 to 1 (Lin et al. 2023, section 3.4). */
  readonly guidanceRescale?: number;
  /** Each image of a batch gets its own stream, keyed seed + index, so that it does not depend on the batch. */
  readonly streamPerImage?: boolean;
  /** Lanes of the CUDA launch whose layout is repeated (an H200 has 270336); 0 for as many as there are elements. */
  readonly lanes?: number;
  /** Index of the first draw: 0 unless the stream was used before. */
  readonly firstDraw?: number;
}

const NO_SLOT = 0xffffffff;
const LARGEST_FLOAT = 3.4028234e38; // WGSL may assume that there are no infinities

/** Word offsets within the header; the shaders name them likewise. */
export const HEADER = {
  rows: 0,
  seedLow: 1,
  seedHigh: 2,
  streamPerImage: 3,
  lanes: 4,
  firstDraw: 5,
  guidanceScale: 6,
  guidanceRescale: 7,
  initialScale: 8,
  thresholdRatio: 9,
  thresholdMax: 10,
  variance: 11,
} as const;

/**
 * Word offsets within a row. It is read four words at a time: the present parts of the three forms are a vec4 each, and
 * so are the three weights of each slot.
 */
export const ROW = {
  timestep: 0,
  inputScale: 1,
  x0X: 2,
  x0Output: 3,
  epsX: 4,
  epsOutput: 5,
  epsX0: 6,
  clip: 7,
  draw: 8,
  firstSlot: 9,
  secondSlot: 10,
  logVarianceMin: 12,
  logVarianceMax: 13,
  alpha: 14,
  sigma: 15,
  forms: 16,
  slots: 28,
} as const;

/** Draw number of a row that draws nothing. */
export const NO_DRAW = 0xffffffff;

const VARIANCES = { fixed: 0, learned: 1, learned_range: 2 } as const;

/** How many words a table of `rows` rows takes. */
export function packedWords(rows: number): number {
  return HEADER_WORDS + rows * ROW_WORDS;
}

/** The table's words: floats are float32 bit patterns, counts and seeds are u32. */
export function packTable(table: Table, options: PackOptions): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(packedWords(table.rows.length));
  const floats = new Float32Array(words.buffer);
  words[HEADER.rows] = table.rows.length;
  words[HEADER.seedLow] = Number(BigInt.asUintN(32, options.seed));
  words[HEADER.seedHigh] = Number(BigInt.asUintN(32, options.seed >> 32n));
  words[HEADER.streamPerImage] = options.streamPerImage ? 1 : 0;
  words[HEADER.lanes] = options.lanes ?? 0;
  words[HEADER.firstDraw] = options.firstDraw ?? 0;
  floats[HEADER.guidanceScale] = options.guidanceScale ?? 1;
  floats[HEADER.guidanceRescale] = options.guidanceRescale ?? 0;
  floats[HEADER.initialScale] = table.initialScale;
  floats[HEADER.thresholdRatio] = table.threshold?.ratio ?? 0;
  floats[HEADER.thresholdMax] = table.threshold?.max ?? 0;
  words[HEADER.variance] = VARIANCES[table.variance];
  table.rows.forEach((row, index) => {
    const start = HEADER_WORDS + index * ROW_WORDS;
    packRow(row, words.subarray(start, start + ROW_WORDS), floats.subarray(start, start + ROW_WORDS));
  });
  return words;
}

function packRow(row: Row, words: Uint32Array, floats: Float32Array): void {
  floats[ROW.timestep] = row.timestep;
  floats[ROW.inputScale] = row.inputScale;
  floats[ROW.x0X] = row.x0.x;
  floats[ROW.x0Output] = row.x0.output;
  floats[ROW.epsX] = row.eps.x;
  floats[ROW.epsOutput] = row.eps.output;
  floats[ROW.epsX0] = row.eps.x0;
  floats[ROW.clip] = Math.min(row.clip, LARGEST_FLOAT);
  words[ROW.draw] = row.draw ?? NO_DRAW;
  floats[ROW.logVarianceMin] = row.logVariance?.[0] ?? 0;
  floats[ROW.logVarianceMax] = row.logVariance?.[1] ?? 0;
  words[ROW.firstSlot] = row.writes[0]?.slot ?? NO_SLOT;
  words[ROW.secondSlot] = row.writes[1]?.slot ?? NO_SLOT;
  floats[ROW.alpha] = row.alpha;
  floats[ROW.sigma] = row.sigma;
  const forms = [row.next, ...row.writes.map((write) => write.form)];
  forms.forEach((form, f) => {
    floats.set([form.x, form.x0, form.eps, form.noise], ROW.forms + 4 * f);
    form.slots.forEach((weight, k) => {
      floats[ROW.slots + 4 * k + f] = weight;
    });
  });
}
