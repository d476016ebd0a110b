/** What `<unstatic-image>` looks like: a canvas, and over it whatever must be said before there is a picture. */

/**
 * `loading`: the model downloads or compiles; `waiting`: other elements of the page draw first; `unsupported`: the
 * browser has no WebGPU, and the CPU is not to stand in.
 */
export type State = "idle" | "loading" | "waiting" | "running" | "done" | "error" | "unsupported";

const STYLE = `
  :host {
    display: inline-block; position: relative; box-sizing: border-box; overflow: hidden; vertical-align: middle;
    inline-size: 256px; max-inline-size: 100%; aspect-ratio: 1;
    background: color-mix(in srgb, currentColor 8%, transparent);
    font: 0.8125rem/1.4 system-ui, sans-serif;
  }
  :host([hidden]), [hidden] { display: none !important; }
  canvas {
    display: block; inline-size: 100%; block-size: 100%; object-fit: contain; image-rendering: pixelated;
    cursor: pointer;
  }
  canvas:focus-visible { outline: 3px solid Highlight; outline-offset: -3px; }
  .over {
    position: absolute; inset: 0; overflow: auto; margin: 0; padding: 1em; box-sizing: border-box;
    display: flex; flex-direction: column; align-items: center; justify-content: safe center; gap: 0.75em;
    text-align: center; overflow-wrap: anywhere;
  }
  canvas:has(~ .over:not([hidden])) { opacity: 0.1; transition: opacity 0s 0.25s; }
  .loading { animation: appear 0s 0.25s both; pointer-events: none; }
  @keyframes appear { from { visibility: hidden; } }
  .note {
    position: absolute; inset: auto 0 0; margin: 0; padding: 0.25em 0.5em; pointer-events: none;
    background: color-mix(in srgb, Canvas 85%, transparent); color: CanvasText;
    font-size: 0.6875rem; text-align: center;
  }
  progress { inline-size: 60%; block-size: 0.4em; accent-color: currentColor; }
`;

const NO_WEBGPU = "This picture is made on the spot by your graphics card, which needs a browser with WebGPU.";
const ON_CPU = "Drawn by the CPU, without WebGPU";

let sheet: CSSStyleSheet | undefined;

export class View {
  canvas = document.createElement("canvas");
  /** Whose context the canvas has. */
  #painter: object | undefined;
  readonly #loading = document.createElement("div");
  readonly #bar = document.createElement("progress");
  readonly #phase = document.createElement("span");
  readonly #unsupported = document.createElement("div");
  readonly #error = document.createElement("p");
  readonly #note = document.createElement("p");

  /**
   * Fills the shadow tree; node by node, since pages may forbid markup out of strings. `again` is called where the
   * picture is clicked, or Enter pressed on it.
   */
  constructor(root: ShadowRoot, again: () => void) {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    root.adoptedStyleSheets = [sheet];
    this.canvas.part.add("canvas");
    // Small until the model says more, so that the canvas has the square shape that nearly all models draw.
    this.canvas.width = this.canvas.height = 1;
    this.#bar.part.add("bar");
    this.#bar.setAttribute("aria-hidden", "true");
    this.#loading.className = "over loading";
    this.#loading.part.add("loading");
    this.#loading.setAttribute("role", "status");
    this.#loading.append(slot("loading", this.#bar, this.#phase));
    this.#unsupported.className = "over";
    this.#unsupported.part.add("no-webgpu");
    this.#unsupported.append(slot("no-webgpu", NO_WEBGPU));
    this.#error.className = "over";
    this.#error.part.add("error");
    this.#error.setAttribute("role", "alert");
    this.#note.className = "note";
    this.#note.part.add("on-cpu");
    this.#note.append(slot("on-cpu", ON_CPU));
    this.#note.hidden = true;
    root.append(this.canvas, this.#loading, this.#unsupported, this.#error, this.#note);
    root.addEventListener("click", ({ target }) => target === this.canvas && again());
    root.addEventListener("keydown", (event) => {
      if (event.target === this.canvas && (event as KeyboardEvent).key === "Enter") again();
    });
    this.enter("idle");
  }

  /** Shows what belongs to a state; `message` only to an error. */
  enter(state: State, message = ""): void {
    this.#loading.hidden = state !== "loading" && state !== "waiting";
    this.#unsupported.hidden = state !== "unsupported";
    this.#error.hidden = state !== "error";
    this.#error.textContent = message;
    if (state === "loading") this.progress("Loading");
    if (state === "waiting") this.progress("Waiting");
  }

  /** Whether to say that the picture is computed without a GPU. */
  note(isOnCpu: boolean): void {
    this.#note.hidden = !isOnCpu;
  }

  /** How far loading is, as a share of 1 where that is known. */
  progress(phase: string, share?: number): void {
    if (this.#phase.textContent !== phase) this.#phase.textContent = phase;
    if (share === undefined) this.#bar.removeAttribute("value");
    else this.#bar.value = share;
  }

  /** The picture's name; none for a picture that only decorates, which is then passed over by keyboard, too. */
  describe(alt: string | null): void {
    const { canvas } = this;
    if (alt === "") {
      canvas.removeAttribute("tabindex");
      canvas.removeAttribute("aria-label");
      canvas.removeAttribute("aria-description");
      canvas.setAttribute("role", "presentation");
      return;
    }
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", alt ?? "Generated picture");
    canvas.setAttribute("aria-description", "Enter draws it again");
  }

  /**
   * Gives the canvas the picture's pixels. Setting a size clears a canvas, so the same one is not set again. A canvas stays
   * with the device or the worker that drew on it first: another painter gets a new one.
   */
  prepare(painter: object, width: number, height: number): void {
    if (this.#painter && this.#painter !== painter) {
      const next = this.canvas.cloneNode() as HTMLCanvasElement;
      this.canvas.replaceWith(next);
      this.canvas = next;
    }
    this.#painter = painter;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }
}

function slot(name: string, ...content: (Node | string)[]): HTMLSlotElement {
  const element = document.createElement("slot");
  element.name = name;
  element.append(...content);
  return element;
}
