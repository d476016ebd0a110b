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

type Save = (frames: readonly Frame[], shown: Frame, choice: Choice) => Promise<string>;

export const savePicture: Save = async (frames, shown, choice) => {
  const isLast = shown === frames.at(-1);
  const name = `${nameOf(choice)}${isLast ? "" : `-step-${shown.index + 1}`}.png`;
  download(await encodePng(enlarged(shown.x, WIDTH)), name);
  return name;
};

/** State and guess side by side, step by step. */
export const saveRun: Save = async (frames, _shown, choice) => {
  const pictures = frames.map(({ x, x0 }) => sheet([enlarged(x, WIDTH / 2), enlarged(x0, WIDTH / 2)], 2, 1, 8));
  const delays = frames.map((_, i) => (i === frames.length - 1 ? LAST_FRAME_MS : FRAME_MS));
  const name = `${nameOf(choice)}-run.png`;
  download(await encodeApng(pictures, delays), name);
  return name;
};

function enlarged(pictures: readonly Pixels[], width: number): Pixels {
  const [columns] = sheetSize(pictures.length);
  return sheet(pictures, columns, Math.max(1, Math.floor(width / (columns * pictures[0]!.width))));
}

function nameOf({ prompt, seed }: Choice): string {
  return `${prompt.replace(/[^\p{L}\p{N}]+/gu, "-")}-seed-${seed}`;
}
