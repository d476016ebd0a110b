/** A run at a glance: each column a step, the state above, the guess below; of a grid, all its pictures. */
import { h } from "./dom";
import type { Frame } from "./film";
import { paintPixels, sheet, sheetSize } from "./sheet";

/** Columns narrower than this show nothing; of longer runs, every second step or fewer is drawn. */
const COLUMNS_MAX = 24;
/** Pixels of a cell, which may hold a grid. */
const CELL = 64;

export class Filmstrip {
  readonly element = h("canvas", { class: "filmstrip", height: 2 * CELL, width: COLUMNS_MAX * CELL });
  #total = 1;
  #columns = COLUMNS_MAX;

  constructor(choose: (index: number) => void) {
    // The slider beside it does the same for those without a pointer.
    this.element.setAttribute("aria-hidden", "true");
    const pick = ({ offsetX }: PointerEvent) => {
      const column = Math.floor((offsetX / this.element.clientWidth) * this.#columns);
      choose(this.#stepOf(Math.max(0, Math.min(this.#columns - 1, column))));
    };
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      pick(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) pick(event);
    });
  }

  begin(total: number): void {
    this.#total = total;
    this.#columns = Math.min(total, COLUMNS_MAX);
    this.element.getContext("2d")!.clearRect(0, 0, this.element.width, this.element.height);
  }

  add({ index, x, x0 }: Frame): void {
    const context = this.element.getContext("2d")!;
    const width = this.element.width / this.#columns;
    for (let column = 0; column < this.#columns; column++) {
      if (this.#stepOf(column) !== index) continue;
      [x, x0].forEach((pictures, line) => {
        const copy = document.createElement("canvas");
        paintPixels(copy, sheet(pictures, sheetSize(pictures.length)[0]));
        context.drawImage(copy, (column + 0.5) * width - CELL / 2, line * CELL, CELL, CELL);
      });
    }
  }

  /** The first and the last step are always there. */
  #stepOf(column: number): number {
    return this.#columns === 1 ? this.#total - 1 : Math.round((column * (this.#total - 1)) / (this.#columns - 1));
  }
}
