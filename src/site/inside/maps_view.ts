/** A tensor as small multiples, one of its maps enlarged, and the numbers around one of its pixels. */
import type { Layer, TensorValues } from "../../index";
import { h, roving } from "../dom";
import { limitOf, type Scale } from "./colours";
import { drawMap, headMapsOf, liveliest, type Maps, mapsOf } from "./pictures";
import { onPlace } from "./places";
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

/** What is drawn now. */
interface Drawn {
  readonly maps: Maps;
  readonly image: number;
  readonly scale: Scale;
  readonly limit: number;
}

export class MapsView {
  readonly element: HTMLElement;
  readonly #caption = h("p", { class: "maps-caption" });
  readonly #big = h("canvas", { class: "maps-big", tabindex: 0, role: "img", "aria-describedby": "maps-reading" });
  readonly #cursor = h("span", { class: "maps-cursor", "aria-hidden": "true" });
  readonly #reading = h("div", { class: "maps-reading", id: "maps-reading", "aria-live": "polite" });
  readonly #grid = h("div", { class: "maps-grid", role: "group", "aria-label": "Maps, one per channel" });
  #drawn: Drawn | undefined;
  #channel = 0;
  #pixel: readonly [y: number, x: number] = [0, 0];
  #showsAll = false;
  /** What the choice of channel and pixel belongs to. */
  #chosenFor = "";

  constructor() {
    const frame = h("div", { class: "maps-frame" }, this.#big, this.#cursor);
    const large = h("div", { class: "maps-large" }, frame, this.#reading);
    this.element = h("div", { class: "maps" }, this.#caption, large, this.#grid);
    onPlace(
      this.#big,
      () => this.#drawn?.maps,
      () => this.#pixel,
      (pixel) => {
        this.#pixel = pixel;
        this.#update();
      },
    );
  }

  show({ layer, binding, tensor, image }: ShownTensor, scale: Scale): void {
    // The one tensor of four axes that is no picture: every kernel that knows it calls it so.
    const maps = binding === "p" ? headMapsOf(tensor) : mapsOf(tensor);
    const limit = limitOf(tensor.values);
    this.#drawn = { maps, image: Math.min(image, maps.images - 1), scale, limit };
    const key = `${layer.index} ${binding}`;
    if (this.#chosenFor !== key) {
      this.#chosenFor = key;
      this.#channel = liveliest(maps, this.#drawn.image);
      this.#pixel = [Math.floor(maps.height / 2), Math.floor(maps.width / 2)];
      this.#showsAll = false;
    }
    const channels = maps.isPicture ? `, ${maps.channels} maps` : "";
    this.#caption.textContent = `${binding}: ${shape(tensor.shape)}${channels}. Full colour is ${number(limit)}.`;
    this.#big.style.aspectRatio = `${maps.width} / ${maps.height}`;
    this.#grid.hidden = maps.channels === 1;
    this.#fillGrid();
    this.#update();
  }

  /** The chosen map, its numbers, and which one it is. */
  #update(): void {
    const { maps, image, scale, limit } = this.#drawn!;
    drawMap(this.#big, maps, image, this.#channel, scale, limit);
    this.#big.setAttribute("aria-label", `${capital(maps.kind)} ${this.#channel} enlarged; arrow keys move the pixel`);
    this.#placeCursor(this.#cursor, maps);
    this.#reading.replaceChildren(...this.#readings(maps, image));
    for (const button of this.#grid.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.channel === String(this.#channel)));
    }
  }

  #fillGrid(): void {
    const { maps, image, scale, limit } = this.#drawn!;
    const focused = this.#grid.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset.channel
      : undefined;
    const count = this.#showsAll ? maps.channels : Math.min(maps.channels, SHOWN);
    const cells = Array.from({ length: count }, (_, channel) => {
      const canvas = h("canvas", { class: "maps-small", "aria-hidden": "true" });
      drawMap(canvas, maps, image, channel, scale, limit);
      const choose = () => {
        this.#channel = channel;
        this.#update();
      };
      const name = `${capital(maps.kind)} ${channel}`;
      const attributes = { "data-stop": "", "data-channel": channel, "aria-label": name, title: name, onclick: choose };
      return h("button", { type: "button", ...attributes }, canvas);
    });
    const more = () => {
      this.#showsAll = true;
      this.#fillGrid();
      this.#update();
      this.#grid.querySelectorAll("button")[count]?.focus();
    };
    const rest = maps.channels - count;
    const last = h("button", { type: "button", class: "maps-more", "data-stop": "", onclick: more }, `+ ${rest}`);
    this.#grid.replaceChildren(...cells, ...(rest > 0 ? [last] : []));
    roving(this.#grid);
    if (focused !== undefined) this.#grid.querySelector<HTMLElement>(`[data-channel="${focused}"]`)?.focus();
  }

  #placeCursor(cursor: HTMLElement, { height, width }: Maps): void {
    const [y, x] = this.#pixel;
    cursor.style.cssText = `left:${(100 * x) / width}%;top:${(100 * y) / height}%;width:${100 / width}%;height:${100 / height}%`;
  }

  #readings(maps: Maps, image: number): Node[] {
    const [y, x] = this.#pixel;
    const { least, most, mean, std } = statistics(maps, image, this.#channel);
    const where = maps.isPicture ? `${maps.kind} ${this.#channel}, row ${y}, column ${x}` : `row ${y}, column ${x}`;
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

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
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
