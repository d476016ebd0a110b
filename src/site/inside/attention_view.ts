/** Attention over the picture: choose a place, see where it looks. */
import type { AttentionMap, TensorValues } from "../../index";
import { h } from "../dom";
import { mapsOf } from "./pictures";
import { onPlace, type Place } from "./places";
import { percentage } from "./words";

/** Of the drawing, in pixels: fine enough for any picture that is shown, cheap enough for every move of the pointer. */
const SIZE = 256;

const HINT =
  "Click or move over the picture: the outlined place asks, and the brighter another place, the more of its value it is given. Behind it lies the network's present guess of the finished picture.";

interface Shown {
  readonly map: AttentionMap;
  /** What the network believes the picture to be, (B, H, W, C). */
  readonly picture: TensorValues;
  readonly image: number;
}

export class AttentionView {
  readonly element: HTMLElement;
  readonly #canvas = h("canvas", {
    class: "attention-map",
    width: SIZE,
    tabindex: 0,
    role: "img",
    "aria-describedby": "attention-reading",
  });
  readonly #heads = h("div", { class: "segmented", role: "group", "aria-label": "Head" });
  readonly #reading = h("p", { class: "attention-reading", id: "attention-reading", "aria-live": "polite" });
  #shown: Shown | undefined;
  #head = 0;
  #query: Place = [0, 0];

  constructor() {
    const side = h("div", { class: "attention-side" }, this.#heads, this.#reading, h("p", { class: "quiet" }, HINT));
    this.element = h("div", { class: "attention" }, h("div", { class: "attention-side" }, this.#canvas), side);
    onPlace(
      this.#canvas,
      () => this.#shown?.map,
      () => this.#query,
      (place) => {
        this.#query = place;
        this.#draw();
      },
    );
  }

  show(map: AttentionMap, picture: TensorValues, image: number): void {
    const isNew = this.#shown?.map.height !== map.height || this.#shown.map.width !== map.width;
    if (isNew) this.#query = [Math.floor(map.height / 2), Math.floor(map.width / 2)];
    this.#shown = { map, picture, image };
    this.#canvas.height = Math.round((SIZE * map.height) / map.width);
    if (this.#heads.children.length !== map.heads) this.#makeHeads(map.heads);
    this.#draw();
  }

  #makeHeads(count: number): void {
    this.#head = 0;
    const buttons = Array.from({ length: count }, (_, head) => {
      const choose = () => {
        this.#head = head;
        for (const [i, button] of buttons.entries()) button.setAttribute("aria-pressed", String(i === head));
        this.#draw();
      };
      const pressed = String(head === 0);
      return h("button", { type: "button", "aria-pressed": pressed, onclick: choose }, `Head ${head + 1}`);
    });
    this.#heads.replaceChildren(...buttons);
  }

  #draw(): void {
    const { map, picture, image } = this.#shown!;
    const [y, x] = this.#query;
    const query = y * map.width + x;
    const weights = map.weights(Math.min(image, map.images - 1), this.#head, query);
    drawHeat(this.#canvas, map, picture, Math.min(image, mapsOf(picture).images - 1), weights, query);
    this.#canvas.setAttribute("aria-label", `Where row ${y}, column ${x} looks; arrow keys move the place`);
    this.#reading.replaceChildren(...describe(map, weights, this.#query));
  }
}

function describe(map: AttentionMap, weights: Float32Array, [y, x]: Place): (Node | string)[] {
  let top = 0;
  weights.forEach((weight, key) => {
    if (weight > weights[top]!) top = key;
  });
  const place = `row ${Math.floor(top / map.width)}, column ${top % map.width}`;
  // How many places share the attention: the exponential of its entropy.
  const entropy = weights.reduce((sum, weight) => sum - (weight > 0 ? weight * Math.log(weight) : 0), 0);
  const spread = Math.exp(entropy);
  return [
    h("strong", {}, `Row ${y}, column ${x}`),
    ` looks most at ${place} (${percentage(weights[top]!)}), in all at about ${spread < 10 ? spread.toFixed(1) : Math.round(spread)} of ${weights.length} places.`,
  ];
}

/** The picture in grey, darkened; the weights as light on it. */
function drawHeat(
  canvas: HTMLCanvasElement,
  map: AttentionMap,
  picture: TensorValues,
  image: number,
  weights: Float32Array,
  query: number,
): void {
  const context = canvas.getContext("2d")!;
  const maps = mapsOf(picture);
  const { width, height } = canvas;
  const most = weights.reduce((a, b) => Math.max(a, b));
  const data = new ImageData(width, height);
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      const y = Math.floor((py / height) * maps.height);
      const x = Math.floor((px / width) * maps.width);
      let grey = 0;
      for (let c = 0; c < maps.channels; c++) grey += maps.value(image, c, y, x) / maps.channels;
      const base = 38 + 90 * Math.max(0, Math.min(1, 0.5 + 0.5 * grey));
      const key = Math.floor((py / height) * map.height) * map.width + Math.floor((px / width) * map.width);
      const heat = weights[key]! / most;
      const i = 4 * (py * width + px);
      data.data[i] = base + (255 - base) * heat;
      data.data[i + 1] = base + (190 - base) * heat;
      data.data[i + 2] = base + (40 - base) * heat;
      data.data[i + 3] = 255;
    }
  }
  context.putImageData(data, 0, 0);
  const [w, h2] = [width / map.width, height / map.height];
  const [left, top] = [(query % map.width) * w, Math.floor(query / map.width) * h2];
  context.lineWidth = 3;
  context.strokeStyle = "#000";
  context.strokeRect(left, top, w, h2);
  context.lineWidth = 1.5;
  context.strokeStyle = "#fff";
  context.strokeRect(left, top, w, h2);
}
