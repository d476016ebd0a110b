/** One visit to a page: what it fetched, and when it could be used, showed a first step, and had drawn its picture. */
import type { Browser } from "puppeteer";
import type { CountingServer, Traffic } from "./server.ts";

/** Milliseconds from the navigation on. */
export interface Moments {
  /** First text or picture. */
  readonly firstPaint: number;
  /** As Lighthouse has it: the end of the last long task before five seconds without one. */
  readonly interactive: number;
  /** The first of the drawing's steps is seen: static. */
  readonly firstStep: number;
  /** The drawing is finished. */
  readonly picture: number;
}

export interface Visit {
  readonly traffic: Traffic;
  readonly ms: Moments;
}

/** What the watcher in the page notes. */
interface Seen {
  firstStep: number | null;
  picture: number | null;
  readonly busy: [from: number, to: number][];
}

const QUIET_MS = 5000;
const PATIENCE_MS = 300_000;

/** Runs in the page before its own scripts: listens to an element's events, and reads what the site's first view says. */
function watch(): void {
  const seen: Seen = { firstStep: null, picture: null, busy: [] };
  Object.assign(window, { seen });
  const sawStep = () => (seen.firstStep ??= performance.now());
  const sawPicture = () => (seen.picture ??= performance.now());
  document.addEventListener("step", sawStep, true);
  document.addEventListener("done", sawPicture, true);
  const read = () => {
    if (/^step \d+ of/.test(document.querySelector(".film-text")?.textContent ?? "")) sawStep();
    if (/ms a step/.test(document.querySelector(".report")?.textContent ?? "")) sawPicture();
  };
  new MutationObserver(read).observe(document, { childList: true, characterData: true, subtree: true });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.busy.push([startTime, startTime + duration]);
  }).observe({ type: "longtask", buffered: true });
}

export async function visit(browser: Browser, server: CountingServer, path: string): Promise<Visit> {
  const page = await browser.newPage();
  server.take();
  try {
    await page.evaluateOnNewDocument(watch);
    await page.goto(server.address + path, { waitUntil: "load" });
    await page.waitForFunction("seen.picture !== null", { timeout: PATIENCE_MS });
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const { seen, ready, firstPaint } = await page.evaluate(() => {
      const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
      const [paint] = performance.getEntriesByName("first-contentful-paint");
      const ready = navigation!.domContentLoadedEventEnd;
      return { seen: (window as unknown as { seen: Seen }).seen, ready, firstPaint: paint?.startTime ?? ready };
    });
    const interactive = Math.max(ready, quietSince(firstPaint, seen.busy));
    return {
      traffic: server.take(),
      ms: { firstPaint, interactive, firstStep: seen.firstStep!, picture: seen.picture! },
    };
  } finally {
    await page.close();
  }
}

/** The end of the last task, from `start` on, before a pause of five seconds. */
export function quietSince(start: number, busy: Seen["busy"]): number {
  let since = start;
  for (const [from, to] of busy) {
    if (from - since >= QUIET_MS) break;
    since = Math.max(since, to);
  }
  return since;
}
