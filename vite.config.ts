import { defineConfig, type ViteUserConfig } from "vitest/config";
import { wgsl } from "./src/build/wgsl_plugin.ts";
import { findDriver } from "./src/cli/driver.ts";

/** `--mode cli`: one file for Node; everything but Dawn is bundled, so that it runs without node_modules elsewhere. */
const commandLine = {
  ssr: "src/cli/main.ts",
  outDir: "dist",
  emptyOutDir: false,
  target: "node20",
  rollupOptions: { external: ["webgpu"], output: { entryFileNames: "cli.js", codeSplitting: false } },
};

export default defineConfig(async ({ mode }): Promise<ViteUserConfig> => {
  if (mode === "test") {
    // The Vulkan loader reads these when a process starts: test workers inherit them from here.
    const driver = await findDriver();
    Object.assign(process.env, driver.environment);
    console.error(`adapter: ${driver.adapter}`);
  }
  return {
    plugins: [wgsl()],
    ...(mode === "cli" ? { build: commandLine, ssr: { noExternal: true, external: ["webgpu"] } } : {}),
    test: {
      include: ["test/**/*.test.ts"],
      pool: "forks",
      // One file at a time: the software adapters use every core by themselves.
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  };
});
