/**
 * Runs a TypeScript file of this folder in Node, on the adapter that the command line would take:
 *
 *     node bench/run.mjs peers/main.ts [arguments]
 *
 * Vite turns TypeScript and WGSL into modules as they are imported. The Vulkan loader reads its settings when a process
 * starts, so the file runs in a child process whose environment selects the driver.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createServer } from "vite";

const ROOT = join(import.meta.dirname, "..");
/** Set for the child process: its environment is the right one. */
const DRIVER = "UNSTATIC_BENCH_DRIVER";

const server = await createServer({
  root: ROOT,
  configFile: join(ROOT, "vite.config.ts"),
  mode: "development",
  logLevel: "error",
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
  appType: "custom",
});
try {
  if (process.env[DRIVER]) {
    const [file, ...args] = process.argv.slice(2);
    const { main } = await server.ssrLoadModule(join(ROOT, "bench", file));
    process.exitCode = await main(args);
  } else {
    const { findDriver } = await server.ssrLoadModule(join(ROOT, "src/cli/driver.ts"));
    const { environment, kind } = await findDriver();
    const child = spawn(process.execPath, process.argv.slice(1), {
      stdio: "inherit",
      env: { ...process.env, ...environment, [DRIVER]: kind },
    });
    process.exitCode = await new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
  }
} finally {
  await server.close();
}
