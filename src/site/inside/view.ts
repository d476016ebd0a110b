/**
 * The view *Inside*: one step of one generation, held still, with every layer open.
 *
 * What it knows of the network it reads off the probe's layers; any model that loads is drawn.
 */
import "./inside.css";
import "./kernel.css";
import "./maps.css";
import { DeviceError, type Model, openProbe, type Probe, type TensorValues } from "../../index";
import { formatAddress, rewriteAddress } from "../address";
import { h } from "../dom";
import { messageOf, problem } from "../problem";
import { THEME_EVENT } from "../theme";
import type { View } from "../view";
import { limitOf, scaleOf } from "./colours";
import { Diagram } from "./diagram";
import { type Graph, graphOf } from "./graph";
import { type Held, Panel } from "./panel";
import { drawMap, liveliest, mapsOf } from "./pictures";
import { milliseconds } from "./words";

const STEPS = 12;
/** Where the view opens: static is mostly gone, the picture not yet decided. */
const OPENING_STEP = 7;

interface Opened {
  readonly probe: Probe;
  readonly graph: Graph;
  readonly diagram: Diagram;
  readonly panel: Panel;
}

export class InsideView implements View {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #prompt: HTMLSelectElement;
  readonly #seed = numberInput(7, 0, 2 ** 31);
  readonly #steps = numberInput(STEPS, 1, 100);
  readonly #slider = h("input", { type: "range", min: 0, max: STEPS - 1, value: OPENING_STEP, "aria-label": "Step" });
  readonly #stepText = h("output", { class: "inside-step" });
  readonly #twin = h("select", { "aria-label": "Which image of the network's batch" });
  readonly #measureButton: HTMLButtonElement;
  readonly #status = h("p", { class: "inside-status", role: "status" });
  readonly #stage = h("div", { class: "inside-stage" });
  #opened: Opened | undefined;
  #selected = -1;
  #times: ReadonlyMap<number, number> | undefined;
  #abort = new AbortController();
  readonly #gone = new AbortController();

  /** @param options what the address says: prompt, seed, steps, and the step to open at */
  constructor(model: Model, options: URLSearchParams) {
    this.#model = model;
    this.#prompt = h("select", {}, ...model.labels.map((label) => h("option", { value: label }, label)));
    const wanted = [options.get("prompt") ?? "", "rabbit"].find((label) => model.labels.includes(label));
    if (wanted) this.#prompt.value = wanted;
    this.#seed.value = options.get("seed") ?? this.#seed.value;
    this.#steps.value = options.get("steps") ?? this.#steps.value;
    this.#slider.max = this.#steps.value;
    if (options.has("step")) this.#slider.value = String(Number(options.get("step")) - 1);
    this.#twin.append(h("option", { value: 0 }, "with the prompt"), h("option", { value: 1 }, "without it"));
    this.#measureButton = h(
      "button",
      { type: "button", disabled: true, onclick: () => this.#measure() },
      "Time every layer",
    );
    for (const input of [this.#prompt, this.#seed, this.#steps]) {
      input.addEventListener("change", () => this.open().catch((error) => this.#fail(error)));
    }
    this.#slider.addEventListener("input", () => this.#goTo(Number(this.#slider.value)));
    this.#twin.addEventListener("change", () => this.#redraw(false).catch((error) => this.#fail(error)));
    const move = (by: number) => () => {
      this.#slider.value = String(Number(this.#slider.value) + by);
      this.#goTo(Number(this.#slider.value));
    };
    const repaint = () => this.#redraw(false).catch((error) => this.#fail(error));
    document.addEventListener(THEME_EVENT, repaint, { signal: this.#gone.signal });
    this.element = h(
      "div",
      { class: "inside" },
      h(
        "form",
        { class: "inside-controls", onsubmit: (event: Event) => event.preventDefault() },
        ...(model.labels.length > 0 ? [field("Prompt", this.#prompt)] : []),
        field("Seed", this.#seed),
        field("Steps", this.#steps),
        h(
          "div",
          { class: "inside-stepper" },
          h("button", { type: "button", "aria-label": "Step back", onclick: move(-1) }, "‹"),
          this.#slider,
          h("button", { type: "button", "aria-label": "Step on", onclick: move(1) }, "›"),
          this.#stepText,
        ),
        this.#twin,
        this.#measureButton,
      ),
      this.#status,
      this.#stage,
    );
  }

  /** Starts the generation that the controls describe and goes to the step that the slider shows. */
  async open(): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#say("Opening the network …");
    const steps = Math.max(1, Math.min(100, Number(this.#steps.value) || STEPS));
    this.#slider.max = String(steps - 1);
    if (Number(this.#slider.value) > steps - 1) this.#slider.value = String(steps - 1);
    const prompt = this.#model.labels.length > 0 ? { prompt: this.#prompt.value } : {};
    const classLabel =
      this.#model.labels.length === 0 && this.#model.config.classEmbedding.type === "learned" ? { classLabel: 0 } : {};
    const probe = await openProbe(this.#model, {
      ...prompt,
      ...classLabel,
      seed: Number(this.#seed.value) || 0,
      steps,
    });
    if (signal.aborted || this.#gone.signal.aborted) return probe.destroy();
    this.#release();
    const graph = graphOf(probe.layers);
    const diagram = new Diagram(graph, (index) => this.#select(index));
    const panel = new Panel(
      () => this.#measure(),
      (error) => this.#fail(error),
    );
    this.#opened = { probe, graph, diagram, panel };
    const input = graph.nodes[0]!.output!;
    this.#twin.hidden = input.shape[0]! < 2;
    this.#stage.replaceChildren(diagram.element, panel.element);
    if (this.#selected < 0 || this.#selected >= graph.nodes.length) {
      this.#selected = graph.nodes.findIndex(({ kind }) => kind === "attention");
      if (this.#selected < 0) this.#selected = 1;
    }
    await this.#goTo(Number(this.#slider.value));
    if (this.#opened?.probe !== probe) return;
    this.#measureButton.disabled = false;
    // Where it takes a moment only, nobody should have to ask for it.
    if ((await this.#model.adapter()).kind === "gpu") await this.#measure();
  }

  destroy(): void {
    this.#gone.abort();
    this.#abort.abort();
    this.#release();
  }

  #release(): void {
    this.#opened?.panel.destroy();
    this.#opened?.probe.destroy();
    this.#opened = undefined;
    this.#times = undefined;
  }

  async #goTo(step: number): Promise<void> {
    const opened = this.#opened;
    if (!opened) return;
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const total = opened.probe.steps;
    this.#slider.max = String(total - 1);
    this.#stepText.textContent = `step ${step + 1} of ${total}`;
    this.#say("Running …");
    try {
      await opened.probe.goTo(step, {
        signal,
        onStep: (done) => this.#say(`Running step ${done + 1} of ${step + 1} …`),
      });
      if (signal.aborted) return;
      await this.#redraw(true);
      if (!opened.panel.isFilled) await this.#select(this.#selected);
      const { value: prompt } = this.#prompt;
      const options = { prompt: prompt || undefined, seed: this.#seed.value, steps: total, step: step + 1 };
      rewriteAddress(formatAddress("inside", options));
      this.#say(this.#summary());
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  async #select(index: number): Promise<void> {
    const opened = this.#opened;
    if (!opened) return;
    this.#selected = index;
    opened.diagram.select(index);
    try {
      await opened.panel.showNode(opened.graph.nodes[index]!, await this.#held(opened));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #redraw(isOtherStep: boolean): Promise<void> {
    const opened = this.#opened;
    if (!opened || opened.probe.step < 0) return;
    const held = await this.#held(opened);
    for (const [i, { output, kind }] of opened.graph.nodes.entries()) {
      if (!output) continue;
      const tensor = await opened.probe.read(output.layer, output.binding);
      if (this.#opened !== opened) return;
      const maps = mapsOf(tensor);
      const image = Math.min(held.image, maps.images - 1);
      const isPicture = kind === "input" || kind === "sampler";
      const channel = isPicture ? 0 : liveliest(maps, image);
      drawMap(opened.diagram.canvas(i), maps, image, channel, held.scale, isPicture ? 1.5 : limitOf(tensor.values));
    }
    await opened.panel.refresh(held, isOtherStep);
  }

  async #measure(): Promise<void> {
    const opened = this.#opened;
    if (!opened) return;
    this.#measureButton.disabled = true;
    this.#say("Timing every layer alone, over and over, until the clock is exact enough …");
    try {
      const times = await opened.probe.time(3);
      const layers = opened.probe.layers.filter(({ section }) => section === "step");
      if (this.#opened !== opened) return;
      this.#times = new Map(layers.map(({ index }, i) => [index, times[i]!.ms.median]));
      this.#showShares(opened);
      await opened.panel.refresh(await this.#held(opened), false);
      this.#say(this.#summary());
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#measureButton.disabled = false;
    }
  }

  #showShares({ graph, diagram }: Opened): void {
    const times = this.#times!;
    const total = [...times.values()].reduce((sum, ms) => sum + ms, 0);
    const sums = graph.nodes.map(({ layers }) => {
      const own = layers.flatMap(({ index }) => times.get(index) ?? []);
      return own.length > 0 ? own.reduce((sum, ms) => sum + ms, 0) / total : null;
    });
    diagram.showShares(sums);
  }

  #summary(): string {
    const { probe, graph } = this.#opened!;
    const dispatches = probe.layers.filter(({ section }) => section === "step").length;
    const skips = graph.edges.filter(({ kind }) => kind === "skip").length;
    const time = this.#times
      ? `, ${milliseconds([...this.#times.values()].reduce((sum, ms) => sum + ms, 0))} in all`
      : "";
    return `${dispatches} dispatches a step${time}; arcs are the ${skips} skip connections. Choose a layer.`;
  }

  async #held({ probe, graph }: Opened): Promise<Held> {
    return {
      probe,
      image: this.#twin.hidden ? 0 : Number(this.#twin.value),
      scale: scaleOf(this.element),
      times: this.#times,
      guess: await guessOf(probe, graph),
    };
  }

  #say(text: string): void {
    this.#status.removeAttribute("data-failed");
    this.#status.textContent = text;
  }

  #fail(error: unknown): void {
    this.#status.setAttribute("data-failed", "");
    this.#status.textContent = messageOf(error);
    if (!(error instanceof DeviceError)) return;
    // What the probe held went with the device; the model opens the next one by itself.
    this.#release();
    this.#measureButton.disabled = true;
    this.#stage.replaceChildren(problem(error, () => this.open().catch((again) => this.#fail(again))));
  }
}

/** The picture that the sampler predicts; where it keeps none, the state itself. */
async function guessOf(probe: Probe, { nodes }: Graph): Promise<TensorValues> {
  const sampler = nodes.find(({ kind }) => kind === "sampler")!;
  const layer = sampler.layers.find(({ writes }) => writes.some(({ binding }) => binding === "denoised"));
  if (layer) return probe.read(layer.index, "denoised");
  const { output } = nodes[0]!;
  return probe.read(output!.layer, output!.binding);
}

function numberInput(value: number, min: number, max: number): HTMLInputElement {
  return h("input", { type: "number", value, min, max, inputmode: "numeric" });
}

function field(name: string, input: HTMLElement): HTMLElement {
  return h("label", { class: "field" }, h("span", {}, name), input);
}
