/**
 * What a page costs its visitor, on a first visit and on the next: bytes, time until it can be used, time to the picture.
 *
 *     npm run build && npm run bench:page -- --trials 3 --out bench/results
 *
 * The pages are a plain one with `<unstatic-image>` and the site. Each trial is a browser with a profile of its own;
 * files come from a server beside it, so that times are those of the page and not of a network. The browser is the
 * tests', on SwiftShader: pictures come sooner where there is a GPU.
 */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser } from "puppeteer";
import { type Spread, spreadOf } from "../src/bench/spread.ts";
import { digits } from "../src/bench/text_table.ts";
import { launchBrowser } from "../test/support/browser.ts";
import { adapterSlug, commit, loadNow, type Machine, machineSince } from "./machine.ts";
import { markdownTable } from "./markdown.ts";
import { type CountingServer, serve } from "./page/server.ts";
import { type Moments, type Visit, visit } from "./page/visit.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = {
  "a page with the element": "src/site/examples/plain/index.html",
  "the site, Generate": "dist/site/index.html",
} as const;
/** What `npm run build` makes, and these pages are made of. */
const BUILT = ["dist/element.js", "dist/site/index.html"];

interface PageFigures {
  readonly page: string;
  readonly path: string;
  readonly visit: "first" | "next";
  /** Of the last trial: all are alike. */
  readonly traffic: Visit["traffic"];
  readonly ms: Readonly<Record<keyof Moments, Spread>>;
}

interface PageReceipt {
  readonly format: "unstatic-page";
  readonly version: 1;
  readonly date: string;
  readonly commit: string;
  readonly browser: string;
  readonly adapter: string;
  readonly machine: Machine;
  readonly trials: number;
  readonly pages: readonly PageFigures[];
}

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { trials: { type: "string", default: "3" }, out: { type: "string" } },
  });
  const trials = Number(values.trials);
  if (!Number.isInteger(trials) || trials < 1) throw new Error(`--trials: must be 1 or more, got ${values.trials}`);
  for (const file of BUILT) {
    if (!(await stat(join(ROOT, file)).catch(() => undefined))) throw new Error(`${file} is missing: npm run build`);
  }
  const loadBefore = loadNow();
  const server = await serve(ROOT);
  try {
    const pages: PageFigures[] = [];
    for (const [page, path] of Object.entries(PAGES)) pages.push(...(await figuresOf(server, page, path, trials)));
    const receipt: PageReceipt = {
      format: "unstatic-page",
      version: 1,
      date: new Date().toISOString(),
      commit: commit(),
      ...(await withBrowser((browser) => whoRuns(browser, server))),
      machine: machineSince(loadBefore),
      trials,
      pages,
    };
    console.log(summaryOf(receipt));
    if (values.out) await keep(receipt, values.out);
    return 0;
  } finally {
    server.close();
  }
}

async function figuresOf(server: CountingServer, page: string, path: string, trials: number): Promise<PageFigures[]> {
  const visits = { first: [] as Visit[], next: [] as Visit[] };
  for (let trial = 0; trial < trials; trial++) {
    await withBrowser(async (browser) => {
      visits.first.push(await visit(browser, server, path));
      visits.next.push(await visit(browser, server, path));
    });
    console.error(`${page}: trial ${trial + 1} of ${trials}`);
  }
  return (["first", "next"] as const).map((which) => {
    const spread = (moment: keyof Moments) => spreadOf(visits[which].map(({ ms }) => ms[moment]));
    const ms = {
      firstPaint: spread("firstPaint"),
      interactive: spread("interactive"),
      firstStep: spread("firstStep"),
      picture: spread("picture"),
    };
    return { page, path, visit: which, traffic: visits[which].at(-1)!.traffic, ms };
  });
}

async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  const browser = await launchBrowser(); // a profile of its own: nothing is cached
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

async function whoRuns(browser: Browser, server: CountingServer): Promise<Pick<PageReceipt, "browser" | "adapter">> {
  const page = await browser.newPage();
  await page.goto(`${server.address}src/site/icon.svg`); // any address that is there: WebGPU wants a secure origin
  const adapter = await page.evaluate(async () => {
    const { vendor, architecture } = (await navigator.gpu.requestAdapter())!.info;
    return `${vendor} ${architecture}`;
  });
  return { browser: await browser.version(), adapter };
}

function summaryOf({ pages, browser, adapter, commit, machine, trials }: PageReceipt): string {
  const kilobytes = (bytes: number) => digits(bytes / 1000);
  const rows = pages.map(({ page, visit, traffic, ms }) => [
    `${page}, ${visit} visit`,
    String(traffic.requests),
    kilobytes(traffic.code),
    kilobytes(traffic.fonts),
    kilobytes(traffic.model),
    ...[ms.firstPaint, ms.interactive, ms.firstStep, ms.picture].map(({ median }) => digits(median)),
  ]);
  const ours = ["first paint, ms", "interactive", "first step", "picture"];
  return [
    `${browser}, ${adapter}, commit ${commit}, ${trials} trials, ${machine.cores} cores, ` +
      `load ${digits(machine.loadBefore)} to ${digits(machine.loadAfter)}; medians`,
    markdownTable(["page", "requests", "code, KB", "fonts, KB", "model, KB", ...ours], rows),
  ].join("\n\n");
}

async function keep(receipt: PageReceipt, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `page-${adapterSlug(receipt.adapter)}-chromium.json`);
  await writeFile(file, `${JSON.stringify(receipt, null, 2)}\n`);
  console.error(`receipt: ${file}`);
}
