/**
 * A real Chromium with WebGPU on SwiftShader, and a server for the project's own modules.
 *
 * The browser is the system's, where there is one, else the one inside the npm package `@sparticuz/chromium`, so that
 * a bare machine needs npm alone. That build expects a few system libraries which the package carries along, too.
 */
import { execFileSync } from "node:child_process";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import chromium from "@sparticuz/chromium";
import { type Browser, launch, type Page } from "puppeteer";
import { extract } from "tar-fs";
import { createServer, type ViteDevServer } from "vite";

const ROOT = join(import.meta.dirname, "../..");
const SYSTEM_BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const WEBGPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  // All three, or the GPU process ends when WebGPU draws on a canvas: only so do both share SwiftShader's memory.
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
];

/** An open browser and the server that its pages load modules from. */
export interface BrowserSession {
  readonly browser: Browser;
  /** A blank page on the project's own server, whose `window.unstatic` is the engine. */
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** A host whose pages have no `navigator.gpu`, nor anything else that browsers keep for secure origins. */
export const PLAIN_HOST = "plain.test";

/** A browser without an adapter; at the plain host without WebGPU altogether. */
const NO_WEBGPU = ["--disable-gpu", `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`];

/** A browser alone, for pages that a test serves itself. */
export async function launchBrowser({ webgpu = true, protocolTimeout = 180_000 } = {}): Promise<Browser> {
  const { executablePath, env } = await findBrowser();
  const args = [...FLAGS, ...(webgpu ? WEBGPU : NO_WEBGPU)];
  return launch({ executablePath, args, headless: true, protocolTimeout, env: { ...process.env, ...env } });
}

export async function openBrowser(): Promise<BrowserSession> {
  const server = await createServer({
    root: ROOT,
    configFile: join(ROOT, "vite.config.ts"),
    mode: "development",
    logLevel: "error",
    server: { port: 0, host: "127.0.0.1", hmr: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    appType: "mpa",
  });
  await server.listen();
  const browser = await launchBrowser();
  return {
    browser,
    newPage: () => blankPage(browser, server),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

async function blankPage(browser: Browser, server: ViteDevServer): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${server.resolvedUrls!.local[0]}test/support/page.html`);
  await page.waitForFunction("window.unstatic");
  return page;
}

async function findBrowser(): Promise<{ executablePath: string; env: Record<string, string> }> {
  const system = SYSTEM_BROWSERS.find((path) => existsSync(path));
  if (system) return { executablePath: system, env: {} };
  const executablePath = await chromium.executablePath();
  const missing = execFileSync("ldd", [executablePath], { encoding: "utf8" }).includes("not found");
  return { executablePath, env: missing ? { LD_LIBRARY_PATH: await carriedLibraries() } : {} };
}

/** The libraries that @sparticuz/chromium carries for machines without them; unpacked once. */
async function carriedLibraries(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  const folder = join(ROOT, "node_modules/.cache/unstatic/chromium-libraries");
  if (!existsSync(folder)) {
    await mkdir(dirname(folder), { recursive: true });
    const partial = await mkdtemp(`${folder}-`);
    const archive = createReadStream(join(dirname(entry), "../../bin/al2023.tar.br"));
    await pipeline(archive, createBrotliDecompress(), extract(partial));
    await rename(partial, folder).catch(() => rm(partial, { recursive: true }));
  }
  return join(folder, "lib");
}
