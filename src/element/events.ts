/** The events of `<unstatic-image>`, and their types where one listens. */
import type { Generation, Step } from "../index";
import { ImageAttributes } from "./attributes";

/** How far a run is: tensors of `load`, kernels of `compile`, steps of `denoise`. */
export interface RunProgress {
  readonly phase: "load" | "compile" | "denoise";
  readonly done: number;
  readonly total: number;
}

/** The element's own events. None bubbles. */
export interface UnstaticImageEvents {
  readonly progress: CustomEvent<RunProgress>;
  /** After every step; the detail can be drawn or read until the next one begins. */
  readonly step: CustomEvent<Step>;
  readonly done: CustomEvent<Generation>;
  readonly error: ErrorEvent;
}

interface Listening {
  addEventListener<K extends keyof UnstaticImageEvents>(
    type: K,
    listener: (event: UnstaticImageEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof UnstaticImageEvents>(
    type: K,
    listener: (event: UnstaticImageEvents[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** `ImageAttributes` to which one can listen; the types are all that is added. */
export const ListenedElement = ImageAttributes as new () => Listening & ImageAttributes;
