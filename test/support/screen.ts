/** What people see of a picture, for comparison with the numbers that it was made of. */
import { PNG } from "pngjs";
import type { Page } from "puppeteer";

/** The picture on the screen, by the middle of each of its `size` x `size` pixels, as RGBA bytes. */
export async function onScreen(page: Page, selector: string, size: number): Promise<number[]> {
  const element = (await page.$(selector))!;
  const shot = PNG.sync.read(Buffer.from(await element.screenshot()));
  await element.dispose(); // it would keep the element alive
  const at = (i: number, length: number) => Math.floor(((i + 0.5) / size) * length);
  return Array.from({ length: size * size }, (_, p) => {
    const first = 4 * (at(Math.floor(p / size), shot.height) * shot.width + at(p % size, shot.width));
    return [...shot.data.subarray(first, first + 4)];
  }).flat();
}

/** How many bytes are not the same; all of them where one picture has more. */
export function differing(a: readonly number[], b: readonly number[]): number {
  return a.length === b.length ? a.filter((byte, i) => byte !== b[i]).length : Math.max(a.length, b.length);
}
