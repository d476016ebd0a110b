/**
 * The network as a diagram, read off a recording: which dispatches belong together, at which resolution they work, and
 * what flows past others. Nothing here knows a particular model; paths and shapes decide.
 */
import type { Layer, LayerTensor } from "../../index";

export type NodeKind = "input" | "time" | "resnet" | "attention" | "down" | "up" | "conv" | "sampler";

export interface GraphNode {
  /** The module's path in the checkpoint, or a word of ours for what has none. */
  readonly path: string;
  readonly kind: NodeKind;
  readonly layers: readonly Layer[];
  /** What the module hands on: a picture of feature maps. */
  readonly output: { readonly layer: number; readonly binding: string; readonly shape: readonly number[] } | null;
  /** 0 at full resolution, one more for every halving. */
  readonly level: number;
  /** Place from left to right. */
  readonly column: number;
}

export interface GraphEdge {
  readonly from: number;
  readonly to: number;
  /** `skip`: past the modules in between. */
  readonly kind: "flow" | "skip";
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly levels: number;
  readonly columns: number;
}

export function graphOf(layers: readonly Layer[]): Graph {
  const groups = grouped(layers);
  const heights = groups.map(({ output }) => output?.shape[1] ?? 0);
  const full = Math.max(...heights);
  let column = 0;
  const nodes = groups.map((group, i): GraphNode => {
    // What is computed before the loop stands below the input, outside of the U.
    const place = group.kind === "time" ? 0 : column++;
    const level = group.kind === "time" ? 1 : heights[i]! > 0 ? Math.round(Math.log2(full / heights[i]!)) : 0;
    return { ...group, level, column: place };
  });
  return {
    nodes,
    edges: edgesOf(nodes),
    levels: 1 + Math.max(...nodes.map(({ level }) => level)),
    columns: column,
  };
}

type Group = Omit<GraphNode, "level" | "column">;

function grouped(layers: readonly Layer[]): Group[] {
  const step = layers.filter(({ section }) => section === "step");
  const before = layers.filter(({ section }) => section === "prepare");
  const start = layers.filter(({ section }) => section !== "prepare" && section !== "step");
  const groups: Group[] = [{ path: "x_t", kind: "input", layers: start, output: inputOf(step) }];
  if (before.length > 0) groups.push({ path: "time embedding", kind: "time", layers: before, output: null });
  const modules = new Map<string, Layer[]>();
  for (const layer of step) {
    const path = changesState(layer) ? "sampler" : modulePath(layer.label);
    modules.set(path, [...(modules.get(path) ?? []), layer]);
  }
  for (const [path, all] of modules) {
    groups.push({ path, kind: path === "sampler" ? "sampler" : kindOf(path), layers: all, output: outputOf(all) });
  }
  return groups;
}

/** What moves the sample on: it writes what the next step finds. */
function changesState({ writes }: Layer): boolean {
  return writes.every(({ kind }) => kind === "state");
}

/** `down_blocks.0.resnets.1` of `down_blocks.0.resnets.1.conv1`; `conv_in` of `conv_in/y.statistics`. */
export function modulePath(label: string): string {
  const units = label.replace(/\/.*/, "").match(/[^.]+(?:\.\d+)?/g) ?? [label];
  const isBlock = units.length > 1 && /\.\d+$/.test(units[1]!);
  return units.slice(0, isBlock ? 2 : 1).join(".");
}

function kindOf(path: string): NodeKind {
  if (/attention/.test(path)) return "attention";
  if (/down_?sampl/.test(path)) return "down";
  if (/up_?sampl/.test(path)) return "up";
  return /resnet/.test(path) ? "resnet" : "conv";
}

function isPicture({ shape, kind, dtype }: LayerTensor): boolean {
  return shape.length === 4 && kind !== "weight" && dtype !== "u32";
}

function inputOf(step: readonly Layer[]): Group["output"] {
  for (const layer of step) {
    const x = layer.reads.find(isPicture);
    if (x) return { layer: layer.index, binding: x.binding, shape: x.shape };
  }
  return null;
}

/** The last picture that a kernel of the module calls its result; beside it, kernels leave statistics and the like. */
function outputOf(layers: readonly Layer[]): Group["output"] {
  for (const isResult of [({ binding }: LayerTensor) => binding === "y" || binding === "x", () => true]) {
    for (const layer of [...layers].reverse()) {
      const y = layer.writes.find((tensor) => isPicture(tensor) && isResult(tensor));
      if (y) return { layer: layer.index, binding: y.binding, shape: y.shape };
    }
  }
  return null;
}

function edgesOf(nodes: readonly GraphNode[]): GraphEdge[] {
  const writer = new Map<number, number>();
  const edges: GraphEdge[] = [];
  const chain = nodes.flatMap(({ kind }, i) => (kind === "time" ? [] : [i]));
  nodes.forEach(({ layers, kind }, to) => {
    if (kind === "time" || kind === "input") return;
    const before = chain[chain.indexOf(to) - 1]!;
    edges.push({ from: before, to, kind: "flow" });
    const sources = new Set<number>();
    for (const { reads, writes } of layers) {
      for (const tensor of reads) {
        const from = writer.get(tensor.id);
        if (tensor.kind === "activation" && from !== undefined && from !== to && from !== before) sources.add(from);
      }
      for (const { id } of writes) writer.set(id, to);
    }
    for (const from of sources) edges.push({ from, to, kind: "skip" });
  });
  return edges;
}
