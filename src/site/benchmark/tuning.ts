/** The tuner, on request: which algorithms to try, how far it is, what won, and what of it is remembered and used. */
import "./tuning.css";
import {
  choiceName,
  forgetTuning,
  load,
  rememberedTuning,
  rememberTuning,
  type TuneResult,
  type Tuning,
  tune,
} from "../../index";
import { withoutEcho } from "../adapter_name";
import { field, runButton, select } from "../controls";
import { h } from "../dom";
import type { SharedModel } from "../model";
import { wantsTuning, wantTuning } from "../tuned";
import { digits, percent, table } from "./figures";
import type { Turn } from "./turn";

const WHAT =
  "Most layers can be computed in several ways, and which is the fastest depends on the device. Tuning tries a few on this one. Layers of one shape are tried together. A way must first give the default's result, and wins only if it is more than 5\u00a0% faster, three times in a row.";

const WHERE =
  "Winners are kept in this browser (localStorage, unstatic-tuning), each for one adapter, browser version and version of the kernels. Nothing uses them unless you say so:";

/** Shapes to try. On a processor each takes seconds. */
const SCOPES = [
  ["3", "the 3 slowest shapes"],
  ["8", "the 8 slowest shapes"],
  ["all", "all shapes"],
] as const;

/** What is tuned: the model's folder, and how it is run. */
export interface Tuned {
  readonly location: string;
  readonly count: number;
  readonly guidance?: number;
}

export class TuningPart {
  readonly element: HTMLElement;
  readonly #model: Pick<SharedModel, "gpu" | "renew">;
  readonly #what: () => Tuned;
  readonly #turn: Turn;
  readonly #scope = select(SCOPES, "3");
  readonly #button = runButton("Tune for this device", () => this.#stop(), "Tune again");
  readonly #progress = h("progress", { max: 1, value: 0, "aria-label": "Progress of the tuning" });
  readonly #status = h("p", { class: "tuning-status", role: "status" });
  readonly #result = h("div", { class: "tuning-result" });
  readonly #use = h("input", { type: "checkbox", onchange: () => this.#switch() });
  readonly #forget = h("button", { type: "button", onclick: () => this.#empty() }, "Forget what was tuned");
  readonly #places = h("ul", { class: "tuning-places" });
  #run: AbortController | undefined;

  constructor(model: Pick<SharedModel, "gpu" | "renew">, what: () => Tuned, turn: Turn) {
    this.#model = model;
    this.#what = what;
    this.#turn = turn;
    for (const starter of [this.#button.element, this.#use, this.#forget]) turn.add(starter);
    const submit = (event: Event) => {
      event.preventDefault();
      this.#turn.take(() => this.#tune(), this.#button.element);
    };
    this.element = h(
      "div",
      { class: "tuning" },
      h("p", {}, WHAT),
      h(
        "form",
        { class: "tuning-controls", onsubmit: submit },
        field("Layers to try", this.#scope),
        this.#button.element,
      ),
      h("div", {}, this.#progress, this.#status),
      this.#result,
      h("p", { class: "quiet" }, WHERE),
      h("label", { class: "choice" }, this.#use, "Use what was tuned here, in all views and in the benchmark above"),
      this.#places,
      h("div", {}, this.#forget),
    );
    this.#showRemembered();
  }

  destroy(): void {
    this.#stop();
  }

  async #tune(): Promise<void> {
    const run = new AbortController();
    this.#run = run;
    this.#button.isRunning = true;
    this.#progress.dataset.running = "";
    this.#progress.removeAttribute("value");
    this.#result.replaceChildren();
    try {
      this.#keep(await this.#measure(run.signal));
    } catch (error) {
      if (run.signal.aborted) this.#say("Stopped; nothing was remembered.");
      else this.#say((error as Error).message, true);
    } finally {
      this.#button.isRunning = false;
      delete this.#progress.dataset.running;
    }
  }

  /** On a model of its own: what else the page does with the shared one would spoil the times. */
  async #measure(signal: AbortSignal): Promise<TuneResult> {
    if (await this.#model.gpu()) throw new Error("This browser offers no WebGPU, so there is nothing to choose from.");
    const { location, ...options } = this.#what();
    const scope = this.#scope.value;
    const show = (text: string, done: number, total: number) => {
      this.#progress.value = total > 0 ? done / total : 0;
      this.#say(text);
    };
    let isLoading = true;
    const onProgress = (phase: string, done: number, total: number) =>
      isLoading && phase === "load" && show("Loading weights …", done, total);
    using model = await load(location, { onProgress, signal });
    isLoading = false; // each program that is tried loads and compiles something
    this.#progress.removeAttribute("value");
    this.#say("Running a first step, and timing its layers …");
    return await tune(model, {
      ...options,
      ...(scope !== "all" && { slowest: Number(scope) }),
      signal,
      onProgress: (done, total, next) => next && show(`Shape ${done + 1} of ${total}: ${next} …`, done, total),
    });
  }

  #stop(): void {
    this.#run?.abort();
  }

  #keep({ tuning, shapes, place }: TuneResult): void {
    const winners = shapes.filter(({ winner }) => winner).length;
    this.#result.replaceChildren(table("Tuned shapes", tunedTable(shapes)));
    try {
      rememberTuning(tuning);
    } catch (error) {
      this.#say(`Measured, but not remembered: ${(error as Error).message}`, true);
      return;
    }
    const found = winners === 0 ? "The defaults are the fastest here" : `${winners} of ${shapes.length} can be faster`;
    const hint = winners === 0 ? "" : " Use them, run the benchmark again, and compare both receipts below.";
    this.#say(`${found}: ${withoutEcho(place)}.${hint}`);
    if (wantsTuning()) this.#model.renew();
    this.#showRemembered();
  }

  #switch(): void {
    try {
      wantTuning(this.#use.checked);
      this.#model.renew();
    } catch (error) {
      this.#use.checked = false;
      this.#say(`This browser does not keep settings: ${(error as Error).message}`, true);
    }
  }

  #empty(): void {
    forgetTuning();
    wantTuning(false);
    this.#model.renew();
    this.#result.replaceChildren();
    this.#say("Forgotten.");
    this.#showRemembered();
  }

  /** The places that are known; an entry that cannot be read is said to be one, and can be forgotten. */
  #showRemembered(): void {
    let tuning: Tuning | undefined;
    let isSpoilt = false;
    try {
      tuning = rememberedTuning();
    } catch (error) {
      isSpoilt = true;
      this.#say((error as Error).message, true);
    }
    const places = Object.entries(tuning?.places ?? {}).map(([place, choices]) => {
      const all = Object.values(choices);
      const faster = all.filter((choice) => choice !== null).length;
      return h("li", {}, `${withoutEcho(place)}: faster choices for ${faster} of ${all.length} shapes`);
    });
    this.#places.replaceChildren(...places);
    this.#use.disabled = places.length === 0;
    this.#use.checked = places.length > 0 && wantsTuning();
    this.#forget.disabled = places.length === 0 && !isSpoilt;
  }

  #say(text: string, isBad = false): void {
    this.#status.textContent = text;
    this.#status.toggleAttribute("data-failed", isBad);
  }
}

/** One row a shape: what runs by default, and what beat it. */
function tunedTable(shapes: TuneResult["shapes"]) {
  return {
    head: ["Shape", "winner", "gain", "difference", "of the time", "layers", "default"],
    rows: shapes.map(({ labels, share, kernels, candidates, winner }) => {
      const won = candidates.find(({ choice }) => choice === winner?.choice);
      return [
        labels[0]!,
        winner ? choiceName(winner.choice) : "the default",
        winner ? `${digits(winner.gain)} ×` : "–",
        won?.difference == null ? "–" : won.difference.toExponential(0),
        percent(share),
        String(labels.length),
        [...new Set(kernels)].join(", "),
      ];
    }),
  };
}
