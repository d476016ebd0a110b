/** All about one module: its dispatches, and of the chosen one every fact, every map and the kernel itself. */
import type { Layer, LayerTensor, Probe, TensorValues } from "../../index";
import { h, roving } from "../dom";
import { AttentionView } from "./attention_view";
import type { Scale } from "./colours";
import type { GraphNode } from "./graph";
import { KernelView } from "./kernel_view";
import { MapsView } from "./maps_view";
import { amount, explanation, milliseconds, percentage, shape } from "./words";

/** What the panel needs from the view around it. */
export interface Held {
  readonly probe: Probe;
  /** Which image of the network's batch is looked at. */
  readonly image: number;
  readonly scale: Scale;
  /** Milliseconds of each layer, by its number in the recording; undefined while nobody measured. */
  readonly times: ReadonlyMap<number, number> | undefined;
  /** The network's present guess of the finished picture. */
  readonly guess: TensorValues;
}

export class Panel {
  readonly element = h("div", { class: "panel" });
  readonly #maps = new MapsView();
  readonly #attention = new AttentionView();
  readonly #dispatches = h("div", { class: "dispatches", role: "group", "aria-label": "Dispatches of this module" });
  readonly #facts = h("dl", { class: "facts" });
  readonly #measure: () => void;
  readonly #report: (error: unknown) => void;
  #kernel: KernelView | undefined;
  #held: Held | undefined;
  #node: GraphNode | undefined;
  #layer: Layer | undefined;
  #binding = "";

  constructor(measure: () => void, report: (error: unknown) => void) {
    this.#measure = measure;
    this.#report = report;
  }

  get isFilled(): boolean {
    return this.#layer !== undefined;
  }

  /** Shows a module: its attention, else the dispatch that makes its result. */
  async showNode(node: GraphNode, held: Held): Promise<void> {
    this.#held = held;
    this.#node = node;
    const attention = this.#attentionLayer();
    const result = node.layers.find(({ index }) => index === node.output?.layer);
    await this.#showLayer(attention ?? result ?? node.layers[0]!);
  }

  /** Other times, another image, or another step: the same layer again. */
  async refresh(held: Held, isOtherStep: boolean): Promise<void> {
    this.#held = held;
    if (!this.#layer) return;
    this.#refreshFacts(this.#layer);
    if (isOtherStep) this.#kernel?.forget();
    await this.#showNumbers(this.#layer);
  }

  destroy(): void {
    this.#kernel?.destroy();
  }

  async #showLayer(layer: Layer): Promise<void> {
    const { probe } = this.#held!;
    const node = this.#node!;
    this.#kernel?.destroy();
    this.#kernel = new KernelView(probe, layer);
    this.#layer = layer;
    this.#binding = bestBinding(layer);
    this.#refreshFacts(layer);
    this.element.replaceChildren(
      h("header", { class: "panel-head" }, h("h2", {}, node.path), h("p", {}, explanation(node))),
      ...(node.layers.length > 1 ? [this.#dispatches] : []),
      h(
        "div",
        { class: "panel-columns" },
        h(
          "div",
          { class: "panel-column" },
          ...(this.#attentionLayer() ? [section("Where it looks", this.#attention.element)] : []),
          section("Activations at this step", this.#bindings(layer), this.#maps.element),
          section("This dispatch", this.#facts),
        ),
        h("div", { class: "panel-column" }, section("Its kernel, open to changes", this.#kernel.element)),
      ),
    );
    await this.#showNumbers(layer);
  }

  #refreshFacts(layer: Layer): void {
    const focused = document.activeElement?.getAttribute("data-keep");
    this.#facts.replaceChildren(...factsOf(layer, this.#held!.times, this.#measure));
    this.#dispatches.replaceChildren(
      ...dispatchButtons(this.#node!, layer, this.#held!.times, (chosen) => {
        this.#showLayer(chosen).catch(this.#report);
      }),
    );
    roving(this.#dispatches);
    if (focused) this.#dispatches.querySelector<HTMLElement>(`[data-keep="${focused}"]`)?.focus();
  }

  #bindings(layer: Layer): HTMLElement {
    // Bindings that a kernel does not use are given some tensor that it has anyway: each tensor once.
    const tensors = new Map<number, string>();
    for (const { id, binding } of [...layer.writes, ...layer.reads].filter(isReadable)) {
      if (!tensors.has(id)) tensors.set(id, binding);
    }
    const row = h("div", { class: "segmented", role: "group", "aria-label": "Which tensor" });
    if (tensors.size === 0) return h("p", { class: "quiet" }, "Nothing but counters goes through here.");
    for (const binding of tensors.values()) {
      const isOutput = layer.writes.some((each) => each.binding === binding);
      const choose = () => {
        this.#binding = binding;
        for (const other of row.children) other.setAttribute("aria-pressed", String(other === button));
        this.#showMaps(layer).catch(this.#report);
      };
      const pressed = String(binding === this.#binding);
      const button = h(
        "button",
        { type: "button", "aria-pressed": pressed, onclick: choose },
        `${binding} ${isOutput ? "(out)" : "(in)"}`,
      );
      row.append(button);
    }
    return row;
  }

  /** The module's dispatch that compares queries with keys. */
  #attentionLayer(): Layer | undefined {
    return this.#node!.layers.find(({ index }) => this.#held!.probe.isAttention(index));
  }

  async #showNumbers(layer: Layer): Promise<void> {
    const { probe, guess, image } = this.#held!;
    const attention = this.#attentionLayer();
    if (attention) {
      const map = await probe.attention(attention.index);
      if (this.#layer === layer) this.#attention.show(map, guess, image);
    }
    await this.#showMaps(layer);
  }

  async #showMaps(layer: Layer): Promise<void> {
    const binding = this.#binding;
    const { probe, image, scale } = this.#held!;
    if (binding === "") {
      this.#maps.element.hidden = true;
      return;
    }
    this.#maps.element.hidden = false;
    const tensor = await probe.read(layer.index, binding);
    if (this.#layer === layer && this.#binding === binding) this.#maps.show({ layer, binding, tensor, image }, scale);
  }
}

/** Everything that the recording and the clock say about a dispatch. */
function factsOf(layer: Layer, times: Held["times"], measure: () => void): Node[] {
  const { workgroups, workgroupSize, flops, bytes, kernel, reads, writes } = layer;
  const invocations = [...workgroups, ...workgroupSize].reduce((product, count) => product * count, 1);
  const intensity = bytes > 0 ? `${Number((flops / bytes).toPrecision(3))} FLOP a byte` : "counters only";
  return [
    ...fact("Kernel", h("code", {}, kernel)),
    ...timeFacts(layer, times, measure),
    ...fact("Work", `${amount(flops)}FLOP on at least ${amount(bytes)}B: ${intensity}`),
    ...fact(
      "Dispatch",
      `${shape(workgroups)} workgroups of ${shape(workgroupSize)}: ${invocations.toLocaleString("en")} invocations`,
    ),
    ...fact("Reads", tensorList(reads)),
    ...fact("Writes", tensorList(writes)),
    ...fact("Settings", settings(layer)),
  ];
}

function timeFacts({ index, section, flops, bytes }: Layer, times: Held["times"], measure: () => void): Node[] {
  if (section !== "step") return fact("Time", "runs once, before the loop");
  const ms = times?.get(index);
  if (!times || ms === undefined) {
    return fact("Time", h("button", { type: "button", class: "small", onclick: measure }, "Measure"));
  }
  const stepMs = [...times.values()].reduce((sum, each) => sum + each, 0);
  return [
    ...fact("Time", `${milliseconds(ms)}, ${percentage(ms / stepMs)} of the step`),
    ...(ms > 0 ? fact("Rate", `${amount((flops / ms) * 1e3)}FLOP/s, ${amount((bytes / ms) * 1e3)}B/s`) : []),
  ];
}

function section(title: string, ...content: (Node | string)[]): HTMLElement {
  return h("section", { class: "panel-section" }, h("h3", {}, title), ...content);
}

function fact(name: string, value: Node | string): Node[] {
  return [h("dt", {}, name), h("dd", {}, value)];
}

function tensorList(tensors: readonly LayerTensor[]): HTMLElement {
  const ids = [...new Set(tensors.map(({ id }) => id))];
  const items = ids.map((id) => {
    const bindings = tensors.filter((tensor) => tensor.id === id);
    const { shape: axes, label, kind, bytes } = bindings[0]!;
    const names = bindings.map(({ binding }) => binding).join(", ");
    const note = h("span", { class: "quiet" }, `${kind}, ${amount(bytes)}B: ${label}`);
    return h("li", {}, h("code", {}, names), ` ${shape(axes)} `, note);
  });
  return h("ul", { class: "tensors" }, ...items);
}

function settings({ constants, params }: Layer): HTMLElement {
  const all = Object.entries({ ...constants, ...params });
  return h(
    "p",
    { class: "settings" },
    ...all.map(([name, value]) =>
      h("code", {}, `${name} = ${typeof value === "number" ? Number(value.toPrecision(6)) : value}`),
    ),
  );
}

function dispatchButtons(
  { layers, path }: GraphNode,
  chosen: Layer,
  times: Held["times"],
  choose: (layer: Layer) => void,
): Node[] {
  return layers.map((layer) => {
    const name = layer.label.startsWith(`${path}.`) ? layer.label.slice(path.length + 1) : layer.label;
    const ms = times?.get(layer.index);
    return h(
      "button",
      {
        type: "button",
        "data-stop": "",
        "data-keep": `layer ${layer.index}`,
        "aria-pressed": String(layer === chosen),
        onclick: () => choose(layer),
      },
      h("strong", {}, name),
      h("span", { class: "quiet" }, ms === undefined ? `${amount(layer.flops)}FLOP` : milliseconds(ms)),
    );
  });
}

function isReadable({ kind, dtype }: LayerTensor): boolean {
  return kind !== "weight" && dtype !== "u32";
}

/** What the dispatch is there for: its output where it has one to look at. */
function bestBinding(layer: Layer): string {
  const written = layer.writes.filter(isReadable);
  return (written.find(({ binding }) => binding === "y") ?? written[0] ?? layer.reads.find(isReadable))?.binding ?? "";
}
