/** A tensor as small multiples, one of its maps enlarged, and the numbers around one of its pixels. */
import type { Layer, TensorValues } from "../../index";
import { h, roving } from "../dom";
import { limitOf, type Scale } from "./colours";
import { drawMap, liveliest, type Maps, mapsOf } from "./pictures";
import { number, shape } from "./words";

/** Maps that are drawn before someone asks for all. */
const SHOWN = 64;
/** Numbers are shown this far from the chosen pixel. */
const REACH = 2;

export interface ShownTensor {
  readonly layer: Layer;
  readonly binding: string;
  readonly tensor: TensorValues;
  readonly image: number;
}

export class MapsView {
  readonly element = h("div", { class: "maps" });
  #channel = 0;
  #pixel: [y: number, x: number] = [0, 0];
  #showsAll = false;
  /** What the choice of channel and pixel belongs to. */
  #chosenFor = "";

  show({ layer, binding, tensor, image }: ShownTensor, scale: Scale): void {
    const maps = mapsOf(tensor);
    const limit = limitOf(tensor.values);
    const shown = Math.min(image, maps.images - 1);
    const key = `${layer.index} ${binding}`;
    if (this.#chosenFor !== key) {
      this.#chosenFor = key;
      this.#channel = liveliest(maps, shown);
      this.#pixel = [Math.floor(maps.height / 2), Math.floor(maps.width / 2)];
      this.#showsAll = false;
    }
    const big = h("canvas", {
      class: "maps-big",
      tabindex: 0,
      role: "img",
      "aria-describedby": "maps-reading",
      style: `aspect-ratio:${maps.width}/${maps.height}`,
    });
    const cursor = h("span", { class: "maps-cursor", "aria-hidden": "true" });
    const reading = h("div", { class: "maps-reading", id: "maps-reading", "aria-live": "polite" });
    const grid = h("div", { class: "maps-grid", role: "group", "aria-label": "Maps, one per channel" });
    const update = () => {
      drawMap(big, maps, shown, this.#channel, scale, limit);
      big.setAttribute("aria-label", `Channel ${this.#channel} enlarged; arrow keys move the pixel`);
      this.#placeCursor(cursor, maps);
      reading.replaceChildren(...this.#readings(maps, shown));
      for (const button of grid.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", String(button.dataset.channel === String(this.#channel)));
      }
    };
    this.#listen(big, maps, update);
    this.#fillGrid(grid, maps, shown, scale, limit, update);
    const caption = h(
      "p",
      { class: "maps-caption" },
      `${binding}: ${shape(tensor.shape)}${maps.isPicture ? `, ${maps.channels} maps` : ""}. Full colour is ${number(limit)}.`,
    );
    const large = h("div", { class: "maps-large" }, h("div", { class: "maps-frame" }, big, cursor), reading);
    this.element.replaceChildren(caption, large, ...(maps.channels > 1 ? [grid] : []));
    update();
    roving(grid);
  }

  #fillGrid(grid: HTMLElement, maps: Maps, image: number, scale: Scale, limit: number, update: () => void): void {
    const count = this.#showsAll ? maps.channels : Math.min(maps.channels, SHOWN);
    const cells = Array.from({ length: count }, (_, channel) => {
      const canvas = h("canvas", { class: "maps-small", "aria-hidden": "true" });
      drawMap(canvas, maps, image, channel, scale, limit);
      const choose = () => {
        this.#channel = channel;
        update();
      };
      const name = `Channel ${channel}`;
      return h(
        "button",
        { type: "button", "data-stop": "", "data-channel": channel, "aria-label": name, title: name, onclick: choose },
        canvas,
      );
    });
    const more = () => {
      this.#showsAll = true;
      this.#fillGrid(grid, maps, image, scale, limit, update);
      update();
      roving(grid);
      grid.querySelectorAll("button")[count]?.focus();
    };
    const rest = maps.channels - count;
    grid.replaceChildren(
      ...cells,
      ...(rest > 0
        ? [h("button", { type: "button", class: "maps-more", "data-stop": "", onclick: more }, `+ ${rest}`)]
        : []),
    );
  }

  #listen(big: HTMLCanvasElement, maps: Maps, update: () => void): void {
    const to = (y: number, x: number) => {
      this.#pixel = [Math.max(0, Math.min(maps.height - 1, y)), Math.max(0, Math.min(maps.width - 1, x))];
      update();
    };
    big.addEventListener("pointermove", ({ offsetX, offsetY }) => {
      to(Math.floor((offsetY / big.clientHeight) * maps.height), Math.floor((offsetX / big.clientWidth) * maps.width));
    });
    big.addEventListener("keydown", (event) => {
      const moves: Record<string, [number, number]> = {
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
      };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      to(this.#pixel[0] + move[0], this.#pixel[1] + move[1]);
    });
  }

  #placeCursor(cursor: HTMLElement, { height, width }: Maps): void {
    const [y, x] = this.#pixel;
    cursor.style.cssText = `left:${(100 * x) / width}%;top:${(100 * y) / height}%;width:${100 / width}%;height:${100 / height}%`;
  }

  #readings(maps: Maps, image: number): Node[] {
    const [y, x] = this.#pixel;
    const { least, most, mean, std } = statistics(maps, image, this.#channel);
    const where = maps.isPicture ? `channel ${this.#channel}, row ${y}, column ${x}` : `row ${y}, column ${x}`;
    const rows = Array.from({ length: 2 * REACH + 1 }, (_, j) =>
      h(
        "tr",
        {},
        ...Array.from({ length: 2 * REACH + 1 }, (_, i) => {
          const [row, column] = [y + j - REACH, x + i - REACH];
          const isInside = row >= 0 && row < maps.height && column >= 0 && column < maps.width;
          const value = isInside ? number(maps.value(image, this.#channel, row, column)) : "";
          return h("td", { class: j === REACH && i === REACH ? "maps-here" : undefined }, value);
        }),
      ),
    );
    return [
      h("p", {}, h("strong", {}, number(maps.value(image, this.#channel, y, x))), ` at ${where}`),
      h("table", { class: "maps-numbers", "aria-label": "Numbers around the pixel" }, h("tbody", {}, ...rows)),
      h("p", { class: "quiet" }, `map: ${number(least)} to ${number(most)}, mean ${number(mean)}, std ${number(std)}`),
    ];
  }
}

function statistics({ height, width, value }: Maps, image: number, channel: number) {
  let least = Infinity;
  let most = -Infinity;
  let sum = 0;
  let squares = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const v = value(image, channel, y, x);
      least = Math.min(least, v);
      most = Math.max(most, v);
      sum += v;
      squares += v * v;
    }
  }
  const mean = sum / (height * width);
  return { least, most, mean, std: Math.sqrt(Math.max(0, squares / (height * width) - mean * mean)) };
}
