/**
 * Linear forms: the small algebra in which samplers are written.
 *
 * At each evaluation of the network a sampler knows the current state `x`, the prediction split into `x0` and `eps`,
 * fresh `noise`, and up to six remembered tensors, the `slots`. Everything it computes is a weighted sum of those, so
 * a sampler can be written as in its paper, on forms instead of tensors, and what comes out are the weights.
 */

/** How many tensors a sampler can remember. PNDM's Runge-Kutta start needs five; six leaves UniPC room for order 5. */
export const MAX_SLOTS = 6;

/** A weighted sum of the state, the prediction, fresh noise and the remembered tensors. */
export interface Form {
  readonly x: number;
  readonly x0: number;
  readonly eps: number;
  readonly noise: number;
  /** MAX_SLOTS weights; index k weighs slot k. */
  readonly slots: readonly number[];
}

const NO_SLOTS: readonly number[] = new Array<number>(MAX_SLOTS).fill(0);

export const ZERO: Form = { x: 0, x0: 0, eps: 0, noise: 0, slots: NO_SLOTS };
/** The state that the network has just looked at (before its input scale). */
export const X: Form = { ...ZERO, x: 1 };
/** The predicted picture, after clipping or thresholding. */
export const X0: Form = { ...ZERO, x0: 1 };
/** The predicted noise. */
export const EPS: Form = { ...ZERO, eps: 1 };
/** A fresh standard normal draw. */
export const NOISE: Form = { ...ZERO, noise: 1 };

/** The tensor remembered in slot `index`, as it was before this row. */
export function slot(index: number): Form {
  if (index < 0 || index >= MAX_SLOTS) {
    throw new RangeError(`slot: index must be between 0 and ${MAX_SLOTS - 1}, got ${index}`);
  }
  return { ...ZERO, slots: NO_SLOTS.map((_, k) => (k === index ? 1 : 0)) };
}

/** Sum of weight * form over all terms: `sum([2, X], [-1, X0])` is 2 x - x0. */
export function sum(...terms: readonly (readonly [weight: number, form: Form])[]): Form {
  return terms.reduce<Form>(
    (total, [weight, form]) => ({
      x: total.x + weight * form.x,
      x0: total.x0 + weight * form.x0,
      eps: total.eps + weight * form.eps,
      noise: total.noise + weight * form.noise,
      slots: total.slots.map((value, k) => value + weight * (form.slots[k] ?? 0)),
    }),
    ZERO,
  );
}
