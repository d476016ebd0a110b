/**
 * Between two statics: spherical interpolation.
 *
 * A straight mixture of two normals is too quiet in the middle (its variance is t^2 + (1 - t)^2); along the arc the
 * static keeps its length, so every frame is as likely a start as its ends (Shoemake 1985).
 */

/** The static a share `t` of the way from `a` to `b`; nearly parallel statics are mixed straight. */
export function slerp(a: ArrayLike<number>, b: ArrayLike<number>, t: number): Float32Array<ArrayBuffer> {
  if (a.length !== b.length) throw new RangeError(`slerp: lengths must be equal, got ${a.length} and ${b.length}`);
  let [dot, lengthA, lengthB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    lengthA += a[i]! ** 2;
    lengthB += b[i]! ** 2;
  }
  const cosine = dot / Math.sqrt(lengthA * lengthB);
  const PARALLEL = 0.9995; // the arc is a line to float32's precision
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1));
  const straight = !(Math.abs(cosine) < PARALLEL);
  const weightA = straight ? 1 - t : Math.sin((1 - t) * angle) / Math.sin(angle);
  const weightB = straight ? t : Math.sin(t * angle) / Math.sin(angle);
  return Float32Array.from({ length: a.length }, (_, i) => weightA * a[i]! + weightB * b[i]!);
}
