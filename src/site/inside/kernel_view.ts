/** A kernel's WGSL, open to changes: each one is compiled, run on the layer's own inputs, compared and timed. */
import { CompileError, type Layer, type Probe, type Trial, type TrialResult } from "../../index";
import { h } from "../dom";
import { CodeEditor } from "./code_editor";
import { milliseconds, number } from "./words";

/** A pause in typing this long means: try it. */
const PAUSE_MS = 700;

/** Ratios of times nearer to 1 than this say nothing on a busy machine. */
const SAME = 0.1;

type State = "same" | "waiting" | "trying" | "passes" | "differs" | "refused" | "failed";

export class KernelView {
  readonly element: HTMLElement;
  readonly #editor: CodeEditor;
  readonly #verdict = h("div", { class: "verdict", role: "status" });
  readonly #run: HTMLButtonElement;
  readonly #reset: HTMLButtonElement;
  readonly #probe: Probe;
  readonly #layer: Layer;
  #trial: Promise<Trial> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts trials, so that a late answer to an old text is not shown. */
  #latest = 0;
  #isGone = false;

  constructor(probe: Probe, layer: Layer) {
    this.#probe = probe;
    this.#layer = layer;
    this.#editor = new CodeEditor(`WGSL of ${layer.kernel}`, () => this.#changed());
    this.#editor.text = layer.code;
    this.#run = h("button", { type: "button", onclick: () => this.#try() }, "Check and time");
    this.#reset = h(
      "button",
      { type: "button", class: "plain", disabled: true, onclick: () => this.#undo() },
      "Undo changes",
    );
    this.element = h(
      "div",
      { class: "kernel" },
      h(
        "div",
        { class: "kernel-bar" },
        h("code", {}, `shaders/${layer.kernel.replace(/:.*/, "")}.wgsl`),
        this.#reset,
        this.#run,
      ),
      this.#verdict,
      this.#editor.element,
    );
    this.element.addEventListener("keydown", (event) => {
      if (this.#run.disabled || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.#try();
    });
    if (!probe.runsWgsl) {
      this.#editor.freeze();
      this.#run.disabled = true;
      this.#say(
        "same",
        "Without WebGPU nothing here can compile it: TypeScript computes the same, and the text is to be read.",
      );
      return;
    }
    this.#say(
      "same",
      "Change anything: the text is compiled as you type, run on this layer's inputs, and compared with what the original makes of them.",
    );
  }

  /** The probe stands at another step: what was compared before belongs to other inputs. */
  forget(): void {
    this.#release();
    if (this.#editor.text !== this.#layer.code) this.#changed();
  }

  destroy(): void {
    this.#isGone = true;
    clearTimeout(this.#timer);
    this.#release();
  }

  #release(): void {
    this.#trial?.then((trial) => trial.destroy()).catch(() => {});
    this.#trial = undefined;
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#latest++;
    const isSame = this.#editor.text === this.#layer.code;
    this.#reset.disabled = isSame;
    this.#editor.mark([]);
    this.#say(isSame ? "same" : "waiting", isSame ? "This is the original." : "…");
    if (!isSame) this.#timer = setTimeout(() => this.#try(), PAUSE_MS);
  }

  #undo(): void {
    this.#editor.text = this.#layer.code;
    this.#changed();
  }

  async #try(): Promise<void> {
    clearTimeout(this.#timer);
    const mine = ++this.#latest;
    const isCurrent = () => mine === this.#latest && !this.#isGone;
    this.#say("trying", "Compiling and running …");
    try {
      this.#trial ??= this.#probe.trial(this.#layer.index);
      const result = await (await this.#trial).run(this.#editor.text);
      if (isCurrent()) this.#show(result);
    } catch (error) {
      if (!isCurrent()) return;
      if (error instanceof CompileError) this.#refuse(error);
      else this.#say("failed", (error as Error).message);
    }
  }

  #show({ passes, outputs, ms }: TrialResult): void {
    this.#editor.mark([]);
    const worst = [...outputs].sort((a, b) => errorOf(b) - errorOf(a))[0]!;
    const plain =
      worst.referenceError === null ? "" : `, ${number(worst.referenceError)} against the same in plain TypeScript`;
    const error = `max error in ${worst.binding}: ${number(worst.maxError)} against the original${plain}; allowed is ${number(worst.tolerance)}`;
    if (!passes) {
      this.#say("differs", h("strong", {}, "Fail"), `: ${error}. A wrong result is not timed.`);
      return;
    }
    const ratio = ms!.candidate / ms!.original;
    const speed =
      Math.abs(ratio - 1) < SAME
        ? "as fast as the original"
        : ratio < 1
          ? `${(1 / ratio).toFixed(2)} x as fast as the original`
          : `${ratio.toFixed(2)} x as slow as the original`;
    const times = `${milliseconds(ms!.candidate)}, original ${milliseconds(ms!.original)}: ${speed}`;
    this.#say("passes", h("strong", {}, "Pass"), `: ${error}. ${times}.`);
  }

  #refuse({ problems, message }: CompileError): void {
    this.#editor.mark(problems);
    const list = problems.map(({ line, column, message: text }) => {
      const go = () => this.#editor.goTo(line, column);
      const place = h("button", { type: "button", class: "link", onclick: go }, `Line ${line}, column ${column}`);
      return h("li", {}, place, ` ${text}`);
    });
    const details = list.length > 0 ? h("ul", {}, ...list) : h("p", {}, message.split("\n").slice(1).join(" ").trim());
    this.#say("refused", h("strong", {}, "Does not compile"), details);
  }

  #say(state: State, ...content: (Node | string)[]): void {
    this.#verdict.dataset.state = state;
    this.#verdict.replaceChildren(...content);
  }
}

/** In parts of what is allowed. */
function errorOf({ maxError, referenceError, tolerance }: TrialResult["outputs"][number]): number {
  return Math.max(maxError, referenceError ?? 0) / Math.max(tolerance, Number.MIN_VALUE);
}
