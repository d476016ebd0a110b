/** Files of a run: the picture that is shown, or all of it in motion. */
import { download } from "../download";
import type { Frame } from "../film";
import { encodeApng, encodePng } from "../png";
import { type Pixels, sheet, sheetSize } from "../sheet";
import type { Choice } from "./choice";

/** Saved pictures are about this wide: 32 pixels alone are too few to look at. */
const WIDTH = 512;
const FRAME_MS = 90;
const LAST_FRAME_MS = 2500;

/** What is looked at. */
interface Film {
  /** Every step, with the pictures of the grid that are looked at. */
  readonly frames: readonly Frame[];
  readonly shown: number;
  readonly chosen: number | null;
}

type Save = (film: Film, choice: Choice) => Promise<string>;

export const savePicture: Save = async (film, choice) => {
  const { frames, shown } = film;
  const name = `${nameOf(film, choice)}${shown === frames.length - 1 ? "" : `-step-${shown + 1}`}.png`;
  download(await encodePng(enlarged(frames[shown]!.x, WIDTH)), name);
  return name;
};

/** State and guess side by side, step by step. */
export const saveRun: Save = async (film, choice) => {
  const { frames } = film;
  const pictures = frames.map(({ x, x0 }) => sheet([enlarged(x, WIDTH / 2), enlarged(x0, WIDTH / 2)], 2, 1, 8));
  const delays = frames.map((_, i) => (i === frames.length - 1 ? LAST_FRAME_MS : FRAME_MS));
  const name = `${nameOf(film, choice)}-run.png`;
  download(await encodeApng(pictures, delays), name);
  return name;
};

function enlarged(pictures: readonly Pixels[], width: number): Pixels {
  const [columns] = sheetSize(pictures.length);
  return sheet(pictures, columns, Math.max(1, Math.floor(width / (columns * pictures[0]!.width))));
}

function nameOf({ chosen }: Film, { prompt, seed }: Choice): string {
  const word = prompt.replace(/[^\p{L}\p{N}]+/gu, "-");
  return `${word}-seed-${seed}${chosen === null ? "" : `-picture-${chosen + 1}`}`;
}
