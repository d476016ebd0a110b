/** The view Inside in a real browser, every control used as a person would. */
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  button,
  type OpenedSite,
  type OpenedView,
  openSite,
  overflows,
  screenshot,
  seriousProblems,
  textOf,
} from "../support/site";

let site: OpenedSite;
let view: OpenedView;
let page: Page;
beforeAll(async () => {
  site = await openSite();
  view = await site.open("inside");
  page = view.page;
  await textOf(page, ".inside-status", /dispatches a step/);
});
afterAll(() => site?.close());

/** The pixels of a canvas, as one text that tells whether it changed. */
const pixels = (selector: string) =>
  page.evaluate((css) => document.querySelector<HTMLCanvasElement>(css)!.toDataURL(), selector);

/** Chooses a module of the diagram. */
async function choose(path: string): Promise<void> {
  await page.click(`.diagram-node[data-path="${path}"]`);
  await textOf(page, ".panel h2", new RegExp(`^${path.replaceAll(".", "\\.")}$`));
}

test("the diagram is the network's: a box for each module, arcs for the skips, maps in all of them", async () => {
  const boxes = await page.$$eval(".diagram-node", (nodes) => nodes.map((node) => node.textContent));
  expect(boxes).toHaveLength(24);
  expect(boxes).toContain("Attnmid_block.attentions.0, 8 × 8 × 96");
  expect(await page.$$eval(".diagram-skip", (arcs) => arcs.length)).toBe(6);
  const sizes = await page.$$eval(".diagram-node:not([data-kind=time]) canvas", (all) =>
    (all as HTMLCanvasElement[]).map(({ width }) => width),
  );
  expect(sizes.every((width) => [8, 16, 32].includes(width))).toBe(true);
});

test("the step goes back and on, by button, slider and keys, and the maps go with it", async () => {
  const at = () => page.$eval(".inside-step", (text) => text.textContent);
  expect(await at()).toBe("step 8 of 12");
  const before = await pixels(".diagram-node canvas");
  await (await button(page, "Step on")).click();
  await textOf(page, ".inside-status", /dispatches a step/);
  expect(await at()).toBe("step 9 of 12");
  expect(await pixels(".diagram-node canvas")).not.toBe(before);
  await (await button(page, "Step back")).click();
  await textOf(page, ".inside-status", /dispatches a step/);
  expect(await pixels(".diagram-node canvas")).toBe(before);
  await page.focus(".inside-stepper input");
  await page.keyboard.press("ArrowRight");
  await textOf(page, ".inside-status", /dispatches a step/);
  expect(await at()).toBe("step 9 of 12");
});

describe("attention", () => {
  test("the pointer and the arrow keys choose a place, each head looks elsewhere", async () => {
    await choose("down_blocks.2.attentions.0");
    await textOf(page, ".maps-caption", /^p: 2 × 3 × 64 × 64, 3 maps/); // a map per head, a row per query
    expect(
      await page.$eval(".maps-big", (canvas) => [
        (canvas as HTMLCanvasElement).width,
        (canvas as HTMLCanvasElement).height,
      ]),
    ).toEqual([64, 64]);
    const first = await textOf(page, ".attention-reading", /looks most at row \d, column \d \(\d+(\.\d+)? %\)/);
    const seen = await pixels(".attention-map");
    const map = await page.$(".attention-map");
    await map!.click({ offset: { x: 5, y: 5 } });
    expect(await textOf(page, ".attention-reading", /^Row 0, column 0/)).not.toBe(first);
    expect(await pixels(".attention-map")).not.toBe(seen);
    await map!.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await textOf(page, ".attention-reading", /^Row 1, column 1/);
    const head1 = await pixels(".attention-map");
    await (await button(page, "Head 2")).click();
    expect(await pixels(".attention-map")).not.toBe(head1);
  });

  test("with and without the prompt it looks at two images", async () => {
    const seen = await pixels(".attention-map");
    await page.select(".inside-controls > select", "1");
    await page.waitForFunction(
      (old) => document.querySelector<HTMLCanvasElement>(".attention-map")!.toDataURL() !== old,
      {},
      seen,
    );
    await page.select(".inside-controls > select", "0");
    // The maps are read anew: what follows must find them finished.
    await page.waitForFunction(
      (first) => document.querySelector<HTMLCanvasElement>(".attention-map")!.toDataURL() === first,
      {},
      seen,
    );
  });
});

describe("maps", () => {
  test("a channel is enlarged, its numbers are read by pointer and keys", async () => {
    await choose("up_blocks.2.resnets.0");
    expect(await textOf(page, ".maps-caption", /32 maps/)).toContain("× 32 × 32 × 32");
    const [third] = await page.$$('.maps-grid button[aria-label="Channel 3"]');
    const big = await pixels(".maps-big");
    await third!.click();
    // Scrolling may have moved the map under the pointer, which then has chosen a pixel.
    const before = await textOf(page, ".maps-reading", /at channel 3, row \d+, column \d+/);
    const [row, column] = /row (\d+), column (\d+)/.exec(before)!.slice(1).map(Number) as [number, number];
    expect(await pixels(".maps-big")).not.toBe(big);
    await page.focus(".maps-big");
    await page.keyboard.press(row > 0 ? "ArrowUp" : "ArrowDown");
    await page.keyboard.press(column > 0 ? "ArrowLeft" : "ArrowRight");
    const moved = [row > 0 ? row - 1 : 1, column > 0 ? column - 1 : 1];
    const place = new RegExp(`at channel 3, row ${moved[0]}, column ${moved[1]}`);
    const reading = await textOf(page, ".maps-reading", place);
    const [value] = reading.split(" at ");
    expect(await page.$eval(".maps-here", (cell) => cell.textContent)).toBe(value);
    await (await page.$(".maps-big"))!.hover();
    await textOf(page, ".maps-reading", /row 1[56], column 1[56]/);
  });

  test("what a layer read is there beside what it wrote; arrow keys walk along the channels", async () => {
    const [output, input] = await page.$$('[aria-label="Which tensor"] button');
    await input!.click();
    const name = await input!.evaluate((each) => each.textContent!.split(" ")[0]);
    await textOf(page, ".maps-caption", new RegExp(`^${name}:`));
    await output!.click();
    await textOf(page, ".maps-caption", /^y: .* 32 maps/);
    await page.focus('.maps-grid button[aria-label="Channel 3"]');
    await page.keyboard.press("ArrowRight");
    expect(await page.evaluate(() => document.activeElement!.getAttribute("aria-label"))).toBe("Channel 4");
    await page.keyboard.press("Enter");
    await textOf(page, ".maps-reading", /channel 4/);
  });

  test("more channels than fit at first are shown on request", async () => {
    await choose("mid_block.resnets.0");
    await textOf(page, ".maps-caption", /96 maps/);
    await (await page.$(".maps-more"))!.click();
    expect(await page.$$eval(".maps-grid button", (all) => all.length)).toBe(96);
  });
});

test("every layer is timed, alone and in shares of the step", async () => {
  await (await button(page, "Time every layer")).click();
  await textOf(page, ".inside-status", /dispatches a step, [\d.]+ ms in all/);
  expect(await textOf(page, ".facts", /of the step/)).toMatch(/FLOP\/s/);
  const shares = await page.$$eval(".diagram-share", (all) =>
    all.map(({ textContent }) => Number.parseFloat(textContent!)),
  );
  const sum = shares.filter((share) => !Number.isNaN(share)).reduce((all, share) => all + share, 0);
  expect(sum).toBeGreaterThan(95);
  expect(sum).toBeLessThan(105);
  await choose("up_blocks.1.resnets.1");
  await textOf(page, ".maps-caption", /64 maps/);
  await screenshot(page, "inside-timed");
});

describe("the kernel", () => {
  const edit = (from: string, to: string) =>
    page.$eval(
      ".code-text",
      (area, [old, fresh]) => {
        const at = (area as HTMLTextAreaElement).value.indexOf(old!);
        (area as HTMLTextAreaElement).focus();
        (area as HTMLTextAreaElement).setSelectionRange(at, at + old!.length);
        // As a person pastes: the area's own undo and its input event come along.
        document.execCommand("insertText", false, fresh!);
        return at;
      },
      [from, to],
    );

  test("its text is coloured, and passes as it is", async () => {
    await choose("sampler");
    await textOf(page, ".kernel-bar code", /sampler_step\.wgsl/);
    expect(await page.$$eval(".code-keyword", (all) => all.length)).toBeGreaterThan(20);
    await (await button(page, "Check and time")).click();
    expect(await textOf(page, ".verdict", /^Pass/)).toMatch(/0 against the original, .* in plain TypeScript.*original/);
  });

  test("a change that alters nothing passes by itself; one that does fails with its error", async () => {
    expect(await edit("x[element] = next;", "x[element] = next + 0.0;")).toBeGreaterThan(0);
    expect(await textOf(page, ".verdict", /^(Pass|Fail)/)).toMatch(/^Pass/);
    await edit("next + 0.0;", "next + 0.25;");
    expect(await textOf(page, ".verdict", /^Fail/)).toMatch(/0\.250 against the original/);
    await screenshot(page, "inside-fail");
  });

  test("what does not compile is said with its line, and a click goes there", async () => {
    await edit("next + 0.25;", "next + ;");
    await textOf(page, ".verdict", /^Does not compile/);
    const link = await page.$(".verdict .link");
    const line = Number(/Line (\d+)/.exec((await link!.evaluate((each) => each.textContent))!)![1]);
    expect(await page.$eval(".code-gutter mark", (mark) => Number(mark.textContent))).toBe(line);
    await link!.click();
    const caretLine = await page.$eval(".code-text", (area) => {
      const { value, selectionStart } = area as HTMLTextAreaElement;
      return value.slice(0, selectionStart).split("\n").length;
    });
    expect(caretLine).toBe(line);
  });

  test("undo brings the original back, and Control+Enter checks it", async () => {
    await (await button(page, "Undo changes")).click();
    await textOf(page, ".verdict", /original/);
    await page.focus(".code-text");
    await page.keyboard.down("Control");
    await page.keyboard.press("Enter");
    await page.keyboard.up("Control");
    await textOf(page, ".verdict", /^Pass/);
  });
});

test("another prompt, seed and number of steps are another run", async () => {
  const before = await pixels(".diagram-node canvas");
  await page.select(".inside-controls select", "apple");
  await textOf(page, ".inside-status", /Opening|Running/);
  await textOf(page, ".inside-status", /dispatches a step/);
  expect(await pixels(".diagram-node canvas")).not.toBe(before);
  await page.$$eval(".inside-controls input[type=number]", ([, steps]) => {
    (steps as HTMLInputElement).value = "4";
    steps!.dispatchEvent(new Event("change"));
  });
  await textOf(page, ".inside-step", /^step 4 of 4$/);
  await textOf(page, ".inside-status", /dispatches a step/);
});

test("the diagram is one stop for the Tab key, arrows walk through it", async () => {
  await page.focus('.diagram-node[aria-pressed="true"]');
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await textOf(page, ".panel h2", /^conv_in$/);
  expect(await page.$$eval('.diagram-node[tabindex="0"]', (all) => all.length)).toBe(1);
});

test.each(["light", "dark"] as const)("nothing serious for axe, nothing sticks out, in %s", async (theme) => {
  await choose("mid_block.attentions.0");
  const before = await pixels(".maps-big");
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  // The maps are painted anew, in the theme's own colours.
  const isOther = (old: string) => document.querySelector<HTMLCanvasElement>(".maps-big")!.toDataURL() !== old;
  if (theme === "dark") await page.waitForFunction(isOther, {}, before);
  for (const width of [1280, 360]) {
    await page.setViewport({ width, height: 800 });
    expect(await overflows(page)).toBe(false);
    expect(await seriousProblems(page)).toEqual([]);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await screenshot(page, `inside-${theme}-${width}`);
  }
  await page.setViewport({ width: 1280, height: 800 });
});

test("a device that is taken away is said to be gone, and the view goes on with another", async () => {
  await page.evaluate(() => (window as unknown as { devices: GPUDevice[] }).devices[0]!.destroy());
  await (await button(page, "Step back")).click();
  await textOf(page, ".problem", /stopped/);
  await (await button(page, "Try again")).click();
  await textOf(page, ".inside-status", /dispatches a step/);
  expect(await page.$$eval(".diagram-node", (all) => all.length)).toBe(24);
});

test("the address opens what it says, and says what is open", async () => {
  const linked = await site.open("inside?prompt=fish&seed=3&steps=3&step=2");
  await textOf(linked.page, ".inside-status", /dispatches a step/);
  await textOf(linked.page, ".inside-step", /^step 2 of 3$/);
  expect(await linked.page.$eval(".inside-controls select", (each) => (each as HTMLSelectElement).value)).toBe("fish");
  await (await button(linked.page, "Step on")).click();
  await linked.page.waitForFunction(() => location.hash === "#inside?prompt=fish&seed=3&steps=3&step=3");
  expect(linked.errors).toEqual([]);
  await linked.page.close();
});

test("nothing was complained about", () => {
  expect(view.errors).toEqual([]);
});
