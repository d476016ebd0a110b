/** How far something is, as a bar that does not jump and a line that a screen reader is told. */
import { h } from "./dom";
import type { ProgressListener } from "./model";

const WORDS = { load: "Fetching the model", compile: "Compiling the kernels" };

export interface ProgressBar {
  readonly element: HTMLElement;
  readonly show: ProgressListener;
}

export function progressBar(opening: string): ProgressBar {
  const text = h("span", { class: "progress-text" }, `${opening} …`);
  const bar = h("progress", { max: 1, "aria-label": opening });
  const show: ProgressListener = (phase, done, total) => {
    bar.value = total > 0 ? done / total : 0;
    bar.setAttribute("aria-label", WORDS[phase]);
    text.textContent = `${WORDS[phase]} … ${Math.round(100 * bar.value)} %`;
  };
  return { element: h("div", { class: "progress" }, text, bar), show };
}
