/** Attention over the picture: choose a place, see where it looks. */
import type { AttentionMap, TensorValues } from "../../index";
import { h } from "../dom";
import { mapsOf } from "./pictures";
import { percentage } from "./words";

/** Of the drawing, in pixels: fine enough for any picture that is shown, cheap enough for every move of the pointer. */
const SIZE = 256;

export class AttentionView {
  readonly element = h("div", { class: "attention" });
  #head = 0;
  #query: [y: number, x: number] | undefined;

  /** @param picture what the network believes the picture to be, (B, H, W, C) */
  show(map: AttentionMap, picture: TensorValues, image: number): void {
    this.#head = Math.min(this.#head, map.heads - 1);
    this.#query ??= [Math.floor(map.height / 2), Math.floor(map.width / 2)];
    const canvas = h("canvas", {
      class: "attention-map",
      width: SIZE,
      height: Math.round((SIZE * map.height) / map.width),
      tabindex: 0,
      role: "img",
      "aria-describedby": "attention-reading",
    });
    const reading = h("p", { class: "attention-reading", id: "attention-reading", "aria-live": "polite" });
    const draw = () => {
      const [y, x] = this.#query!;
      const weights = map.weights(Math.min(image, map.images - 1), this.#head, y * map.width + x);
      drawHeat(canvas, map, picture, Math.min(image, mapsOf(picture).images - 1), weights, y * map.width + x);
      const label = `Where row ${y}, column ${x} looks; arrow keys move the place`;
      canvas.setAttribute("aria-label", label);
      reading.replaceChildren(...describe(map, weights, [y, x]));
    };
    const to = (y: number, x: number) => {
      this.#query = [Math.max(0, Math.min(map.height - 1, y)), Math.max(0, Math.min(map.width - 1, x))];
      draw();
    };
    listen(canvas, map, () => this.#query!, to);
    const heads = h("div", { class: "segmented", role: "group", "aria-label": "Head" });
    for (let head = 0; head < map.heads; head++) {
      const choose = () => {
        this.#head = head;
        for (const [i, button] of [...heads.children].entries())
          button.setAttribute("aria-pressed", String(i === head));
        draw();
      };
      const pressed = String(head === this.#head);
      heads.append(h("button", { type: "button", "aria-pressed": pressed, onclick: choose }, `Head ${head + 1}`));
    }
    this.element.replaceChildren(
      h("div", { class: "attention-side" }, canvas),
      h(
        "div",
        { class: "attention-side" },
        heads,
        reading,
        h(
          "p",
          { class: "quiet" },
          "Click or move over the picture: the outlined place asks, and the brighter another place, the more of its value it is given. Behind it lies the network's present guess of the finished picture.",
        ),
      ),
    );
    draw();
  }
}

function listen(
  canvas: HTMLCanvasElement,
  map: AttentionMap,
  query: () => readonly [number, number],
  to: (y: number, x: number) => void,
): void {
  const point = ({ offsetX, offsetY }: MouseEvent) =>
    to(
      Math.floor((offsetY / canvas.clientHeight) * map.height),
      Math.floor((offsetX / canvas.clientWidth) * map.width),
    );
  canvas.addEventListener("click", point);
  canvas.addEventListener("pointermove", point);
  const moves: Readonly<Record<string, readonly [number, number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  canvas.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const [y, x] = query();
    to(y + move[0], x + move[1]);
  });
}

function describe(map: AttentionMap, weights: Float32Array, [y, x]: readonly [number, number]): (Node | string)[] {
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
