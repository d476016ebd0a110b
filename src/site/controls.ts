/** Labelled controls, the same in every view. */
import { h } from "./dom";

/** A name above a control. */
export function field(name: string, control: HTMLElement): HTMLElement {
  return h("label", { class: "field" }, h("span", {}, name), control);
}

export interface Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  value: number;
}

/** A slider with its value beside its name. `format` says the value in words where a number alone says little. */
export function slider(
  name: string,
  range: { readonly min: number; readonly max: number; readonly step?: number; readonly value: number },
  format: (value: number) => string = String,
): Slider {
  const input = h("input", { type: "range", ...range, step: range.step ?? 1 });
  const output = h("output", {}, format(range.value));
  const show = () => {
    output.textContent = format(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", show);
  return {
    element: h("label", { class: "field" }, h("span", { class: "field-head" }, name, output), input),
    input,
    get value() {
      return Number(input.value);
    },
    set value(value: number) {
      input.value = String(value);
      show();
    },
  };
}

export function select(options: readonly (readonly [value: string, name: string])[], value: string): HTMLSelectElement {
  const element = h("select", {}, ...options.map(([each, name]) => h("option", { value: each }, name)));
  element.value = value;
  return element;
}

export interface SeedField {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  value: number;
}

/** The number that fixes the static, and a die that throws another. */
export function seedField(value: number): SeedField {
  const input = h("input", { type: "number", min: 0, step: 1, value, inputmode: "numeric", id: "seed" });
  const die = h("button", { type: "button", class: "die", "aria-label": "Another seed", title: "Another seed" }, "⚄");
  die.addEventListener("click", () => {
    input.value = String(crypto.getRandomValues(new Uint16Array(1))[0]);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const label = h("label", { for: "seed", class: "field-head" }, "Seed");
  return {
    element: h("div", { class: "field" }, label, h("div", { class: "field-row" }, input, die)),
    input,
    get value() {
      return input.value.trim() === "" ? Number.NaN : Number(input.value);
    },
    set value(seed: number) {
      input.value = String(seed);
    },
  };
}

export interface RunButton {
  readonly element: HTMLButtonElement;
  isRunning: boolean;
}

/** Submits its form; while something runs, stops it instead. The Enter key in a field then does not press it. */
export function runButton(name: string, stop: () => void, again = name): RunButton {
  const element = h("button", { type: "submit", class: "primary" }, name);
  element.addEventListener("click", (event) => {
    if (element.type !== "button") return;
    // Stopping makes it a submit button again, which this very click would press.
    event.preventDefault();
    stop();
  });
  return {
    element,
    get isRunning() {
      return element.type === "button";
    },
    set isRunning(value: boolean) {
      element.type = value ? "button" : "submit";
      element.textContent = value ? "Stop" : again;
    },
  };
}
