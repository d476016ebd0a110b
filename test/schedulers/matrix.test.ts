/**
 * Whole loops of every sampler against diffusers 0.42.1, with the same network and the same noise, over a matrix of
 * beta schedules, timestep and sigma spacings, prediction types, orders, clipping, churn and step counts from 1 to 100.
 */
import { describe, expect, test } from "vitest";
import { type Case, compare, nameOf, type Refusal, readMatrix, runCase, tableOf } from "../support/diffusers_matrix";

const { cases, refused } = readMatrix();
const classes = [...new Set(cases.map((each) => each.class))];

function faultOf(given: Case): string | null {
  const table = tableOf(given);
  const timesteps = table.rows.map((row) => row.timestep);
  if (timesteps.length !== given.timesteps.length)
    return `${timesteps.length} evaluations, not ${given.timesteps.length}`;
  for (const [i, t] of given.timesteps.entries()) {
    const ours = timesteps[i]!;
    // Whole timesteps are exact; between them diffusers interpolates float32 logarithms, good to a thousandth of a step.
    const allowed = Number.isInteger(t) && Number.isInteger(ours) ? 0 : 1e-3;
    if (!(Math.abs(ours - t) <= allowed)) return `timestep ${i} is ${ours}, not ${t}`;
  }
  const { difference, allowed } = compare(given, table, runCase(table));
  return difference <= allowed ? null : `differs by ${difference}, allowed ${allowed}`;
}

describe("loops agree with diffusers", () => {
  test.each(classes)("%s", (name) => {
    const own = cases.filter((each) => each.class === name);
    const faults = own.flatMap((each) => {
      const fault = faultOf(each);
      return fault ? [`${nameOf(each)}: ${fault}`] : [];
    });
    expect(faults).toEqual([]);
    expect(own.length).toBeGreaterThan(3);
  });
});

describe("what diffusers cannot do", () => {
  /** Combinations in which diffusers raises, or ends in NaN: here they raise an error that says so, or work. */
  const outcomes = refused.map((each: Refusal) => {
    try {
      const table = tableOf(each);
      return table.rows.every((row) => Number.isFinite(row.next.x) && Number.isFinite(row.next.x0)) ? "works" : "NaN";
    } catch (error) {
      return (error as Error).name;
    }
  });

  test("is refused with a clear error or works, but never gives NaN", () => {
    expect(outcomes.length).toBeGreaterThan(100);
    expect(outcomes.filter((outcome) => outcome !== "works" && outcome !== "InputError")).toEqual([]);
  });
});
