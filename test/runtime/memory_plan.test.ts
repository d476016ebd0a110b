import { describe, expect, test } from "vitest";
import { activation } from "../../src/kernels/activation";
import { Recording, type Tensor } from "../../src/recording/recording";
import { planMemory } from "../../src/runtime/memory_plan";
import { add } from "../support/record";

describe("planMemory", () => {
  test("a chain of equal tensors needs two buffers beside its input", () => {
    const recording = new Recording("chain");
    let x: Tensor = recording.state("x", [1, 4, 4, 4]);
    for (let i = 0; i < 10; i++) x = add(recording, `layer ${i}`, activation(x, "silu"));
    const { slots } = planMemory(recording);
    expect(slots).toEqual([256, 256, 256]);
  });

  test("a tensor that is read later keeps its buffer until then", () => {
    const recording = new Recording("skip");
    const x = recording.state("x", [64]);
    const skip = add(recording, "skip", activation(x, "silu"));
    const a = add(recording, "a", activation(skip, "silu"));
    const b = add(recording, "b", activation(a, "silu"));
    const late = add(recording, "late", activation(skip, "silu"));
    const { slotOf } = planMemory(recording);
    const slots = [skip, a, b].map(({ id }) => slotOf.get(id));
    expect(new Set(slots).size).toBe(3);
    expect(slots).toContain(slotOf.get(late.id)); // b is dead by then, or a
    expect(slotOf.get(late.id)).not.toBe(slotOf.get(skip.id));
  });

  test("what two sections use has a buffer of its own", () => {
    const recording = new Recording("sections");
    const x = recording.state("x", [64]);
    recording.section("prepare");
    const table = add(recording, "table", activation(x, "silu"));
    recording.section("step");
    const a = add(recording, "a", activation(table, "silu"));
    const b = add(recording, "b", activation(a, "silu"));
    const { slotOf } = planMemory(recording);
    expect(new Set([x, table, a, b].map(({ id }) => slotOf.get(id))).size).toBe(4);
  });

  test("no dispatch reads and writes the same buffer unless it asks to", () => {
    const recording = new Recording("random");
    const tensors: Tensor[] = [recording.state("x", [64])];
    for (let i = 0; i < 200; i++) {
      const from = tensors[(i * 7919) % tensors.length]!;
      tensors.push(add(recording, `layer ${i}`, activation(from, "silu")));
    }
    const { slotOf } = planMemory(recording);
    for (const { reads, writes } of recording.dispatches) {
      const read = Object.values(reads).map(({ id }) => slotOf.get(id));
      for (const { id } of Object.values(writes)) expect(read).not.toContain(slotOf.get(id));
    }
  });
});
