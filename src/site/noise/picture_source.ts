/** Where pictures come from: dropped, pasted, chosen, or one of the samples. */
import { h } from "../dom";
import type { Pixels } from "../sheet";
import { SAMPLES, sampleCanvas } from "./samples";

/** Pictures are shown, and noised, as a square of this many pixels. */
export const SIZE = 256;

export class PictureSource {
  readonly element: HTMLElement;
  readonly #error = h("p", { class: "field-error", role: "alert" });
  readonly #receive: (picture: Pixels, name: string) => void;

  /** `target` is where pictures may be dropped; pasting works anywhere in the page until `signal` ends it. */
  constructor(target: HTMLElement, receive: (picture: Pixels, name: string) => void, signal: AbortSignal) {
    this.#receive = receive;
    const file = h("input", { type: "file", accept: "image/*", id: "picture-file", class: "visually-hidden" });
    file.addEventListener("change", () => {
      if (file.files?.[0]) this.#read(file.files[0]);
      file.value = "";
    });
    const drag = (isOver: boolean) => (event: DragEvent) => {
      event.preventDefault();
      target.toggleAttribute("data-over", isOver);
    };
    target.addEventListener("dragover", drag(true));
    target.addEventListener("dragleave", drag(false));
    target.addEventListener("drop", (event) => {
      drag(false)(event);
      const dropped = event.dataTransfer?.files[0];
      if (dropped) this.#read(dropped);
    });
    const paste = ({ clipboardData }: ClipboardEvent) => {
      const pasted = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
      if (pasted) this.#read(pasted);
    };
    document.addEventListener("paste", paste, { signal });
    this.element = h(
      "div",
      { class: "source" },
      h("span", { class: "field-head" }, "Picture"),
      h(
        "div",
        { class: "actions" },
        file,
        h("label", { for: "picture-file", class: "button" }, "Choose a file …"),
        ...SAMPLES.map((name) => {
          const icon = sampleCanvas(name, 36);
          return h(
            "button",
            { type: "button", class: "sample", "aria-label": `Sample drawing: ${name}`, onclick: () => this.use(name) },
            icon,
          );
        }),
      ),
      h("p", { class: "field-note" }, "Or drop one on the square, or paste one. It stays on your computer."),
      this.#error,
    );
  }

  /** Takes the sample drawing `name`. */
  use(name: string): void {
    this.#error.textContent = "";
    const canvas = sampleCanvas(name, SIZE);
    this.#receive(canvas.getContext("2d")!.getImageData(0, 0, SIZE, SIZE), name);
  }

  async #read(file: Blob): Promise<void> {
    try {
      const picture = await squareOf(file);
      this.#error.textContent = "";
      this.#receive(picture, "your picture");
    } catch {
      const kind = file.type ? `a file of type ${file.type}` : "a file of unknown type";
      this.#error.textContent = `The browser cannot read ${kind} as a picture. PNG, JPEG, WebP and GIF work.`;
    }
  }
}

/** The largest centred square of a picture, on white where it is transparent. */
async function squareOf(file: Blob): Promise<Pixels> {
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = h("canvas", { width: SIZE, height: SIZE });
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIZE, SIZE);
  context.imageSmoothingQuality = "high";
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  context.drawImage(bitmap, left, top, side, side, 0, 0, SIZE, SIZE);
  bitmap.close();
  return context.getImageData(0, 0, SIZE, SIZE);
}
