/** What the view says about modules and figures. */
import type { GraphNode, NodeKind } from "./graph";

const NAMES: Readonly<Record<NodeKind, string>> = {
  input: "x_t",
  time: "Time",
  resnet: "ResNet",
  attention: "Attn",
  down: "Down",
  up: "Up",
  conv: "Conv",
  sampler: "Update",
};

/** A word or two for the diagram. */
export function shortName({ kind, path }: GraphNode): string {
  if (kind !== "conv") return NAMES[kind];
  return path
    .replace(/^conv_/, "")
    .replace(/_out$/, "")
    .replace(/^./, (letter) => letter.toUpperCase());
}

/** What a module is for, in words that ask for no knowledge. */
export function explanation({ kind, path }: GraphNode): string {
  switch (kind) {
    case "input":
      return "The picture as it is before this step: static at first, less of it at every step. All that follows asks one question: which part of this is noise?";
    case "time":
      return "How much noise there is, and what is to be drawn, as a list of numbers that every ResNet adds to its maps. It is computed once, for all steps, before the loop begins.";
    case "resnet":
      return "Two convolutions look for patterns, 3 x 3 pixels at a time. In front of each, a group norm brings the maps to one scale and SiLU drops most of what is negative. In the end the block's input is added to its result, so that it only has to learn what to change.";
    case "attention":
      return "Every place of the picture asks a question (q), offers a key (k) and carries a value (v). Where a question and a key fit, the value is copied there: this is how one ear learns where the other one is.";
    case "down":
      return "A convolution that visits every second pixel: half the height and width, so that the next layers see further for the same price.";
    case "up":
      return "Every pixel becomes four, then a convolution smooths them: twice the height and width.";
    case "sampler":
      return "The network's answer is the noise it sees. The sampler takes a part of it away, adds fresh noise where its method wants some, and counts the step.";
    case "conv":
      return path.endsWith("out")
        ? "The last maps become a picture again: the network's estimate of the noise."
        : "The first convolution turns the picture into many maps, one for each pattern that it knows.";
  }
}

const UNITS = ["", "k", "M", "G", "T"] as const;

/** `18.9 M`, three digits. */
export function amount(value: number): string {
  if (value === 0) return "0";
  const step = Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3)));
  return `${Number((value / 1000 ** step).toPrecision(3))} ${UNITS[step]}`.trim();
}

export function milliseconds(ms: number): string {
  return ms >= 0.1 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms * 1000).toPrecision(3))} µs`;
}

export function percentage(share: number): string {
  return `${share >= 0.0995 ? Math.round(share * 100) : Number((share * 100).toPrecision(2))} %`;
}

/** A number of a tensor, as wide as its neighbours. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.001 || size >= 10000) return value.toExponential(1).replace("-", "−");
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3).replace("-", "−");
}

export function shape(axes: readonly number[]): string {
  return axes.join(" × ");
}
