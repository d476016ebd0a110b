/**
 * A picture's own static, and both mixed.
 *
 * The engine draws the static on the GPU, once per picture and seed. Mixing is then one multiply-add a number, quick
 * enough to follow a finger: x_t = alpha x_0 + sigma eps.
 */
import { noise } from "../../index";
import type { Pixels } from "../sheet";

export class Mixture {
  readonly #picture: Float32Array;
  readonly #static: Float32Array;

  private constructor(picture: Float32Array, noise: Float32Array) {
    this.#picture = picture;
    this.#static = noise;
  }

  static async of(picture: Pixels, seed: number, gpu: GPU | undefined): Promise<Mixture> {
    // Whatever the schedule, what is not picture is static: taken from its noisiest step, where rounding costs least.
    const steps = 1;
    const noised = await noise(picture, steps, { schedule: "cosine", steps, seed, ...(gpu && { gpu }) });
    const { samples } = noised.image;
    const original = rgbOf(picture);
    const eps = samples.map((value, i) => (value - noised.alpha * original[i]!) / noised.sigma);
    return new Mixture(original, eps);
  }

  /** The picture at a level of noise; 8 bits a channel, cut where the screen ends. */
  at(alpha: number, sigma: number): Uint8ClampedArray<ArrayBuffer> {
    const data = new Uint8ClampedArray((this.#picture.length / 3) * 4);
    for (let p = 0; p < data.length / 4; p++) {
      for (let c = 0; c < 3; c++) {
        const i = 3 * p + c;
        data[4 * p + c] = (alpha * this.#picture[i]! + sigma * this.#static[i]! + 1) * 127.5;
      }
      data[4 * p + 3] = 255;
    }
    return data;
  }
}

/** -1 is black, 1 is white. */
function rgbOf({ data }: Pixels): Float32Array {
  const rgb = new Float32Array((data.length / 4) * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[4 * Math.floor(i / 3) + (i % 3)]! / 127.5 - 1;
  return rgb;
}
