/** Numbers as colours: below zero cold, above zero warm, zero the page's own quiet tone. */

export interface Scale {
  /** RGB of every value from -1 to 1 in 513 steps. */
  readonly colours: Uint8ClampedArray;
}

const STEPS = 256;

/** The scale that the page's style sheet asks for, which differs between light and dark. */
export function scaleOf(element: Element): Scale {
  const style = getComputedStyle(element);
  const [low, zero, high] = ["--map-low", "--map-zero", "--map-high"].map((name) =>
    parse(style.getPropertyValue(name)),
  );
  const colours = new Uint8ClampedArray(3 * (2 * STEPS + 1));
  for (let i = -STEPS; i <= STEPS; i++) {
    const end = i < 0 ? low! : high!;
    // A little steeper than linear near zero: most activations are small.
    const weight = (Math.abs(i) / STEPS) ** 0.8;
    for (let c = 0; c < 3; c++) colours[3 * (i + STEPS) + c] = zero![c]! + (end[c]! - zero![c]!) * weight;
  }
  return { colours };
}

/** `#rrggbb` */
function parse(colour: string): [number, number, number] {
  const hex = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(colour.trim());
  return hex ? ([1, 2, 3].map((i) => Number.parseInt(hex[i]!, 16)) as [number, number, number]) : [128, 128, 128];
}

/** Writes one pixel; NaN and infinities are drawn in violet, which the scale does not have. */
export function paint({ colours }: Scale, value: number, limit: number, data: Uint8ClampedArray, pixel: number): void {
  data[4 * pixel + 3] = 255;
  if (!Number.isFinite(value)) {
    data.set([190, 40, 220], 4 * pixel);
    return;
  }
  const i = 3 * (STEPS + Math.round(STEPS * Math.max(-1, Math.min(1, value / limit))));
  data[4 * pixel] = colours[i]!;
  data[4 * pixel + 1] = colours[i + 1]!;
  data[4 * pixel + 2] = colours[i + 2]!;
}

/** What full colour stands for: nearly the largest magnitude, so that one stray number does not make all others pale. */
export function limitOf(values: Float32Array): number {
  const stride = Math.max(1, Math.floor(values.length / 4096));
  const sample: number[] = [];
  for (let i = 0; i < values.length; i += stride) if (Number.isFinite(values[i])) sample.push(Math.abs(values[i]!));
  sample.sort((a, b) => a - b);
  return sample[Math.floor(0.995 * (sample.length - 1))] || 1e-12;
}
