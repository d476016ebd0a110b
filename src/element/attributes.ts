/** The attributes of `<unstatic-image>`, each with a property that reflects it. */
import type { GenerateOptions } from "../index";
import type { DeviceChoice } from "../worker/remote_model";

/** When a picture is made without being asked for: once it is scrolled into view, at once, or never. */
export type Autoplay = "visible" | "now" | "off";

/** What is drawn during a run: the state, from static to picture, or the picture that the network predicts. */
export type Show = "x" | "x0";

/** Attributes whose change asks for another picture. */
export const PICTURE_ATTRIBUTES = [
  "src",
  "prompt",
  "class-label",
  "steps",
  "seed",
  "sampler",
  "guidance",
  "device",
  "worker",
] as const;

type Attribute = (typeof PICTURE_ATTRIBUTES)[number] | "alt" | "autoplay" | "show";

/** Servers that render pages have no elements; there the module must load all the same. */
const Base: typeof HTMLElement = globalThis.HTMLElement ?? class {};

export class ImageAttributes extends Base {
  /** A diffusers folder: an address, relative to the page or absolute, or `hf:owner/name`. */
  get src(): string {
    return this.getAttribute("src") ?? "";
  }
  set src(value: string | null | undefined) {
    this.#reflect("src", value);
  }

  /** One of the model's names. */
  get prompt(): string {
    return this.getAttribute("prompt") ?? "";
  }
  set prompt(value: string | null | undefined) {
    this.#reflect("prompt", value);
  }

  /** A class number, for models without names. */
  get classLabel(): number | undefined {
    return this.#number("class-label");
  }
  set classLabel(value: number | null | undefined) {
    this.#reflect("class-label", value);
  }

  /** Steps of the sampler; the engine's default, 24, unless given. */
  get steps(): number | undefined {
    return this.#number("steps");
  }
  set steps(value: number | null | undefined) {
    this.#reflect("steps", value);
  }

  /** Seed of the static, 64 bits. Without one, every run begins with a static of its own. */
  get seed(): number | bigint | undefined {
    const seed = this.#number("seed");
    if (seed === undefined || Number.isSafeInteger(seed)) return seed;
    const text = this.getAttribute("seed")!.trim();
    return /^-?\d+$/.test(text) ? BigInt(text) : seed;
  }
  set seed(value: number | bigint | null | undefined) {
    this.#reflect("seed", value);
  }

  /** A sampler's short name, such as "ddim"; the model's own unless given. */
  get sampler(): string {
    return this.getAttribute("sampler") ?? "";
  }
  set sampler(value: string | null | undefined) {
    this.#reflect("sampler", value);
  }

  /** Scale of classifier-free guidance; the model's own suggestion unless given. */
  get guidance(): number | undefined {
    return this.#number("guidance");
  }
  set guidance(value: number | null | undefined) {
    this.#reflect("guidance", value);
  }

  /** What a screen reader says in place of the picture; the prompt unless given, nothing where it is empty. */
  get alt(): string {
    return this.getAttribute("alt") ?? this.prompt;
  }
  set alt(value: string | null | undefined) {
    this.#reflect("alt", value);
  }

  get autoplay(): Autoplay {
    const value = this.getAttribute("autoplay");
    return value === "now" || value === "off" ? value : "visible";
  }
  set autoplay(value: Autoplay | null | undefined) {
    this.#reflect("autoplay", value);
  }

  /** Where the CPU draws, the element says so. */
  get device(): DeviceChoice {
    const value = this.getAttribute("device");
    return value === "gpu" || value === "cpu" ? value : "auto";
  }
  set device(value: DeviceChoice | null | undefined) {
    this.#reflect("device", value);
  }

  /** Whether all happens in a worker, drawing included, which leaves the page's thread alone. */
  get worker(): boolean {
    return this.hasAttribute("worker");
  }
  set worker(value: boolean | null | undefined) {
    this.toggleAttribute("worker", Boolean(value));
  }

  get show(): Show {
    return this.getAttribute("show") === "x0" ? "x0" : "x";
  }
  set show(value: Show | null | undefined) {
    this.#reflect("show", value);
  }

  /** What the attributes ask of a generation; only what is given, so that the model's own choices hold. */
  protected get options(): GenerateOptions {
    const { prompt, classLabel, steps, sampler, guidance } = this;
    return {
      seed: this.seed ?? randomSeed(),
      ...(prompt && { prompt }),
      ...(classLabel !== undefined && { classLabel }),
      ...(steps !== undefined && { steps }),
      ...(sampler && { sampler }),
      ...(guidance !== undefined && { guidance }),
    };
  }

  /** NaN where the text is no number: the engine's own check then names the option. */
  #number(name: Attribute): number | undefined {
    const text = this.getAttribute(name)?.trim();
    return text ? Number(text) : undefined;
  }

  #reflect(name: Attribute, value: string | number | bigint | null | undefined): void {
    if (value === null || value === undefined) this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
