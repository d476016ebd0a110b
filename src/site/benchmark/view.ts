/** The view *Benchmark*: the project's own bench in the visitor's browser, its receipt, and others beside it. */
import "./benchmark.css";
import "./compare.css";
import { benchmark, type Receipt, rooflineLegend, rooflineSvg } from "../../index";
import { h } from "../dom";
import type { SharedModel } from "../model";
import { tuningInUse } from "../tuned";
import type { View } from "../view";
import { cards, facts, firstPictureBar, kernelTable, slowestTable, table } from "./figures";
import { Growth } from "./growth";
import { OWN, Receipts } from "./receipts";
import { TuningPart } from "./tuning";
import { Turn } from "./turn";

const OPENING =
  "Nothing is timed before a forward pass agrees with PyTorch's. Whatever else runs on this machine makes the figures worse.";

const NO_WEBGPU =
  "This browser offers no WebGPU, which is what the benchmark measures. Receipts of other browsers can still be compared below.";

const PHASES: Readonly<Record<string, string>> = {
  load: "Loading weights",
  compile: "Compiling kernels; then a first picture, and the comparison with PyTorch",
  steps: "Timing whole steps",
  kernels: "Timing every dispatch alone",
};

const KERNELS =
  "Of multiply-adds: the kernel's rate against the fastest that this device multiplied and added in the same run. Of the roof: against what its memory allows, too, where that is less.";

const ROOFLINE =
  "Every mark is a dispatch, its area its share of the step. A large mark far below the line is where time can still be won.";

export class BenchmarkView implements View {
  readonly element: HTMLElement;
  readonly #location: string;
  readonly #model: Pick<SharedModel, "get" | "gpu" | "renew">;
  readonly #steps = numberInput(20, 1, 200);
  readonly #repeats = numberInput(5, 1, 100);
  readonly #batch = numberInput(1, 1, 64);
  readonly #guidance = h(
    "select",
    {},
    h("option", { value: "" }, "the model's own"),
    h("option", { value: "1" }, "none"),
  );
  readonly #button = h("button", { type: "submit", class: "primary" }, "Run the benchmark");
  readonly #progress = h("progress", { max: 1, value: 0, "aria-label": "Progress of the benchmark" });
  readonly #status = h("p", { class: "bench-status", role: "status" }, OPENING);
  readonly #result = h("div", { class: "bench-result" });
  readonly #receipts = new Receipts();
  readonly #turn = new Turn();
  readonly #tuning: TuningPart;

  /**
   * @param location the model's folder, an address
   * @param model the page's own copy of it, to measure growth with, and what stands in for WebGPU where there is none
   */
  constructor(location: string, model: Pick<SharedModel, "get" | "gpu" | "renew">) {
    this.#location = location;
    this.#model = model;
    this.#turn.add(this.#button);
    const what = () => ({ location, count: Number(this.#batch.value), ...this.#chosenGuidance });
    this.#tuning = new TuningPart(model, what, this.#turn);
    const submit = (event: Event) => {
      event.preventDefault();
      this.#turn.take(() => this.#run());
    };
    this.element = h(
      "div",
      { class: "bench" },
      h(
        "form",
        { class: "bench-controls", onsubmit: submit },
        field("Steps", this.#steps),
        field("Repeats", this.#repeats),
        field("Pictures at once", this.#batch),
        field("Guidance", this.#guidance),
        this.#button,
      ),
      h("div", {}, this.#progress, this.#status),
      this.#result,
      part("Tune for this device", this.#tuning.element),
      part("Growth", new Growth(() => model.get(), this.#turn).element),
      part("Compare receipts", this.#receipts.element),
    );
  }

  /** Nothing runs unasked: what is measured should not be disturbed by what the page does. */
  async open(): Promise<void> {}

  destroy(): void {
    this.#tuning.destroy();
  }

  get #chosenGuidance() {
    return this.#guidance.value ? { guidance: Number(this.#guidance.value) } : {};
  }

  async #run(): Promise<void> {
    this.#progress.dataset.running = "";
    this.#progress.removeAttribute("value");
    try {
      if (await this.#model.gpu()) throw new Error(NO_WEBGPU);
      const tuning = tuningInUse();
      const receipt = await benchmark(this.#location, {
        steps: Number(this.#steps.value),
        repeats: Number(this.#repeats.value),
        batch: Number(this.#batch.value),
        ...this.#chosenGuidance,
        ...(tuning && { tuning }),
        onProgress: (phase, done, total) => {
          this.#progress.value = total > 0 ? done / total : 0;
          this.#say(`${PHASES[phase] ?? phase} …`);
        },
      });
      this.#say(["Done.", ...receipt.notes.map((note) => `Note: ${note}.`)].join(" "));
      this.#show(receipt);
      this.#receipts.setOwn(OWN[tuning ? 1 : 0], receipt);
    } catch (error) {
      this.#status.setAttribute("data-failed", "");
      this.#status.textContent = (error as Error).message;
    } finally {
      delete this.#progress.dataset.running;
    }
  }

  #show(receipt: Receipt): void {
    const svg = rooflineSvg(receipt);
    const name = `unstatic-${receipt.model.name}-${receipt.date.slice(0, 16).replace(/[:T]/g, "-")}`;
    const json = () => save(`${name}.json`, `${JSON.stringify(receipt, null, 2)}\n`, "application/json");
    const picture = () => save(`${name}.svg`, svg, "image/svg+xml");
    this.#result.replaceChildren(
      cards(receipt),
      h(
        "div",
        { class: "downloads" },
        h("button", { type: "button", onclick: json }, "Download the receipt (JSON)"),
        h("button", { type: "button", onclick: picture }, "Download the roofline (SVG)"),
      ),
      part("Time to the first picture", firstPictureBar(receipt)),
      part("Kernels", h("p", { class: "quiet" }, KERNELS), table("Kernels", kernelTable(receipt))),
      part("Roofline", h("p", { class: "quiet" }, ROOFLINE), ...roofline(receipt)),
      part("Dispatches", table("Slowest dispatches", slowestTable(receipt))),
      part("What ran", facts(receipt)),
    );
  }

  #say(text: string): void {
    this.#status.removeAttribute("data-failed");
    this.#status.textContent = text;
  }
}

/** The picture, which scrolls where the page is narrow, and its legend, which does not. */
function roofline(receipt: Receipt): HTMLElement[] {
  const frame = h("div", { class: "roofline scroll", tabindex: 0, role: "region", "aria-label": "Roofline" });
  frame.innerHTML = rooflineSvg(receipt, false);
  const picture = frame.querySelector("svg")!;
  picture.setAttribute("role", "img");
  picture.setAttribute(
    "aria-label",
    "Every dispatch under the roof of this device's peaks; the tables have its figures",
  );
  const legend = rooflineLegend(receipt).map(({ svg, text }) => {
    const entry = h("li", {});
    entry.innerHTML = svg; // made of numbers alone; the kernel's name is not
    entry.append(text);
    return entry;
  });
  return [frame, h("ul", { class: "roofline-legend" }, ...legend)];
}

function part(title: string, ...content: HTMLElement[]): HTMLElement {
  return h("section", { class: "bench-part" }, h("h2", {}, title), ...content);
}

function numberInput(value: number, min: number, max: number): HTMLInputElement {
  return h("input", { type: "number", value, min, max, required: true, inputmode: "numeric" });
}

function field(name: string, input: HTMLElement): HTMLElement {
  return h("label", { class: "field" }, h("span", {}, name), input);
}

function save(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  // The download begins after this turn of the event loop.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
