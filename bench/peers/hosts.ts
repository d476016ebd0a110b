/** Where peers live: a child process of Node or Python, or a page of one Chromium. All are asked in the same way. */
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createServer } from "vite";
import { launchBrowser } from "../../test/support/browser";
import type { PagePeer } from "./page_host";
import type { PeerDescription } from "./peers";
import type { Case, Opened } from "./stepper";

export interface Peer {
  readonly name: string;
  readonly opened: Opened;
  /** The process that does the peer's work, or the parent of those. */
  readonly pid: number;
  /** Milliseconds of each of `count` steps. */
  time(count: number): Promise<number[]>;
  close(): Promise<void>;
}

/** Opens a peer that lives in a page; closed with its browser. */
export interface Chromium {
  readonly version: string;
  open(description: PeerDescription, work: Case): Promise<Peer>;
  close(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "../..");
const BUNDLES = join(import.meta.dirname, "node_modules/onnxruntime-web/dist");

/** @throws Error where the packages of bench/peers are not installed. */
export function checkInstalled(): void {
  if (existsSync(BUNDLES)) return;
  throw new Error("the peers are not installed: npm ci --ignore-scripts --prefix bench/peers");
}

export async function openNodePeer({ name }: PeerDescription, work: Case): Promise<Peer> {
  const child = fork(join(ROOT, "bench/run.mjs"), ["peers/node_host.ts", name, JSON.stringify(work)]);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${name}: ended with ${code}`);
  });
  ended.catch(() => {});
  const answer = async <T>() => (await Promise.race([once(child, "message"), ended]))[0] as T;
  return {
    name,
    opened: await answer<Opened>(),
    pid: child.pid!,
    time: (count) => {
      child.send(count);
      return answer<number[]>();
    },
    close: async () => {
      child.send(0);
      await ended.catch(() => {});
    },
  };
}

export async function openPythonPeer({ name }: PeerDescription, work: Case): Promise<Peer> {
  const script = join(import.meta.dirname, "pytorch.py");
  const child = spawn("python", [script, work.folder, work.inputs], { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>() => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name}: ended; does 'python ${script} ${work.folder} ${work.inputs}' run?`);
    return JSON.parse(value) as T;
  };
  return {
    name,
    opened: await answer<Opened>(),
    pid: child.pid!,
    time: (count) => {
      child.stdin.write(`${count}\n`);
      return answer<number[]>();
    },
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

export async function openChromium(): Promise<Chromium> {
  const server = await createServer({
    root: ROOT,
    configFile: join(ROOT, "vite.config.ts"),
    mode: "development",
    logLevel: "error",
    publicDir: BUNDLES,
    server: {
      port: 0,
      host: "127.0.0.1",
      hmr: false,
      watch: null,
      // What a page must send to have threads in WebAssembly.
      headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
    },
    optimizeDeps: { noDiscovery: true },
    appType: "mpa",
  });
  await server.listen();
  const root = server.resolvedUrls!.local[0]!;
  // A step of a large network on a software adapter may take minutes.
  const browser = await launchBrowser({ protocolTimeout: 0 });
  const inPage = (path: string) => new URL(path.slice(ROOT.length + 1), root).href;
  return {
    version: await browser.version(),
    open: async ({ name }, work) => {
      const page = await browser.newPage();
      page.setDefaultTimeout(0);
      page.on("pageerror", (error) => console.error(`${name}: ${error}`));
      await page.goto(`${root}bench/peers/page.html`);
      await page.waitForFunction("window.peer");
      const paths = { folder: inPage(work.folder), onnx: inPage(work.onnx), inputs: inPage(work.inputs) };
      const opened = await page.evaluate(
        (...args) => (window as unknown as { peer: PagePeer }).peer.open(...args),
        name,
        { ...work, ...paths },
        root,
      );
      return {
        name,
        opened,
        pid: browser.process()!.pid!,
        time: async (count) => {
          // A page in the background may get its turn late.
          await page.bringToFront();
          return page.evaluate((n) => (window as unknown as { peer: PagePeer }).peer.time(n), count);
        },
        close: () => page.close(),
      };
    },
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}
