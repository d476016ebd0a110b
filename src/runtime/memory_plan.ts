/**
 * The memory plan: which tensors share which buffers. A pure function of a recording.
 *
 * An activation lives from the dispatch that writes it to the last that reads it; after that its buffer is free for the
 * next. One GPUBuffer per slot, not one arena: WebGPU tracks hazards per buffer, and forbids one buffer to be read and
 * written in the same dispatch. States, and activations that a second section reads, have a buffer to themselves.
 */
import { bytesOf, type Recording, type Tensor } from "../recording/recording";

export interface MemoryPlan {
  /** Bytes of each buffer. */
  readonly slots: readonly number[];
  /** The slot of each tensor that is not a weight, by tensor id. */
  readonly slotOf: ReadonlyMap<number, number>;
}

interface Life {
  readonly tensor: Tensor;
  first: number;
  last: number;
  readonly sections: Set<string>;
}

/** With `shares` false every tensor has a buffer to itself, so that after a section all its numbers are there to look at. */
export function planMemory(recording: Recording, shares = true): MemoryPlan {
  const slots: number[] = [];
  const slotOf = new Map<number, number>();
  const lives = livesOf(recording);
  const free: number[] = [];
  const expiring = new Map<number, number[]>();

  const own = (tensor: Tensor) => {
    slotOf.set(tensor.id, slots.length);
    slots.push(bytesOf(tensor));
  };
  for (const tensor of recording.tensors) if (tensor.kind === "state") own(tensor);
  for (const life of lives) if (!shares || life.sections.size > 1) own(life.tensor);

  const transient = lives.filter((life) => !slotOf.has(life.tensor.id));
  for (const life of transient.sort((a, b) => a.first - b.first)) {
    for (const [last, expired] of expiring) {
      if (last >= life.first) continue;
      free.push(...expired);
      expiring.delete(last);
    }
    const slot = takeSlot(free, slots, bytesOf(life.tensor));
    slotOf.set(life.tensor.id, slot);
    expiring.set(life.last, [...(expiring.get(life.last) ?? []), slot]);
  }
  return { slots, slotOf };
}

/** The free slot that fits best: the smallest that is large enough, else the largest, grown; else a new one. */
function takeSlot(free: number[], slots: number[], bytes: number): number {
  free.sort((a, b) => slots[a]! - slots[b]!);
  const index = free.findIndex((slot) => slots[slot]! >= bytes);
  const slot = index >= 0 ? free.splice(index, 1)[0] : free.pop();
  if (slot === undefined) return slots.push(bytes) - 1;
  slots[slot] = Math.max(slots[slot]!, bytes);
  return slot;
}

function livesOf(recording: Recording): Life[] {
  const lives = new Map<number, Life>();
  recording.dispatches.forEach((dispatch, index) => {
    for (const tensor of [...Object.values(dispatch.reads), ...Object.values(dispatch.writes)]) {
      if (tensor.kind !== "activation") continue;
      const life = lives.get(tensor.id) ?? { tensor, first: index, last: index, sections: new Set() };
      life.last = index;
      life.sections.add(dispatch.section);
      lives.set(tensor.id, life);
    }
  });
  return [...lives.values()];
}
