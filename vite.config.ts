import { join } from "node:path";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { declarations } from "./src/build/declarations.ts";
import { engineChunks } from "./src/build/engine_chunks.ts";
import { fontPreloads } from "./src/build/font_preloads.ts";
import { inlineRuntime } from "./src/build/inline_runtime.ts";
import { lateCopies } from "./src/build/late_copies.ts";
import { siteWeights } from "./src/build/site_weights.ts";
import { sizeLimit } from "./src/build/size_limit.ts";
import { terserPass } from "./src/build/terser_pass.ts";
import { wgsl } from "./src/build/wgsl_plugin.ts";
import { workerFile } from "./src/build/worker_file.ts";
import { findDriver } from "./src/cli/driver.ts";

/** `--mode cli`: one file for Node; everything but Dawn is bundled, so that it runs without node_modules elsewhere. */
const commandLine = {
  ssr: "src/cli/main.ts",
  outDir: "dist",
  emptyOutDir: false,
  target: "node20",
  rollupOptions: { external: ["webgpu"], output: { entryFileNames: "cli.js", codeSplitting: false } },
};

/** What every drawing page fetches, and what its adapter and its model decide. */
const ENGINE = "/src/engine.ts";
const GPU_KERNELS = "/src/kernels/tiled.ts";
const CPU_KERNELS = "/src/kernels/staged.ts";
const FORMATS = "/src/kernels/formats.ts";
const HALF_ACTIVATIONS = "/src/kernels/half_activations.ts";
const chunks = engineChunks(ENGINE, [GPU_KERNELS, CPU_KERNELS, FORMATS, HALF_ACTIVATIONS]);

/** `--mode library`: what pages import, as `unstatic`, `unstatic/element`, `unstatic/worker` and `unstatic/cpu`. */
const library = {
  lib: {
    entry: {
      index: "src/index.ts",
      element: "src/element/unstatic_image.ts",
      cpu: "src/cpu/index.ts",
      worker: "src/worker/remote_model.ts",
    },
    formats: ["es" as const],
  },
  outDir: "dist",
  emptyOutDir: false,
  target: "es2022",
  // The compiler that writes the declarations takes most of the time: no news.
  rollupOptions: {
    checks: { pluginTimings: false },
    output: { chunkFileNames: "[name].js", minify: true, codeSplitting: { groups: chunks.groups } },
  },
};

/** `--mode site`: the pages, served while developing or built as files that work below any path. */
const site = {
  outDir: "../../dist/site",
  emptyOutDir: true,
  target: "es2022",
  assetsInlineLimit: 0,
  rollupOptions: { checks: { pluginTimings: false } },
};

/** Functions of numbers alone: late files have copies of what they use. */
const PURE =
  /\/(random\/philox|schedulers\/(betas|ddim|float32|form|prediction|timesteps)|tensor\/(half|int8|shape))\.ts$/;

/** All that a page with `<unstatic-image src="weights/doodle">` downloads besides the weights. */
const DOODLE_PAGES = {
  gpu: { fetches: [ENGINE, GPU_KERNELS, FORMATS], limit: 50 * 1024 },
  /** WebGPU without a GPU, as browsers on servers have it: other kernels, in another file. */
  cpuAdapter: { fetches: [ENGINE, CPU_KERNELS], limit: 54 * 1024 },
};

/** What must hold on the CPU path as well: every kernel, every configuration of a UNet, every sampler. */
const ON_THE_CPU = ["test/kernels/*.test.ts", "test/models/unet_2d.test.ts", "test/sampler/{init,noise}.test.ts"];
/** Tests of what only GPUs have: several algorithms for a convolution, WGSL out of the test itself. */
const NOT_ON_THE_CPU = [
  "test/kernels/{conv2d,conv2d_statistics,conv2d_winograd,weight_formats,sampler_matrix}.test.ts",
];

export default defineConfig(async ({ mode }): Promise<ViteUserConfig> => {
  if (mode === "test") {
    // The Vulkan loader reads these when a process starts: test workers inherit them from here.
    const driver = await findDriver();
    Object.assign(process.env, driver.environment);
    console.error(`adapter: ${driver.adapter}`);
  }
  return {
    plugins: [
      wgsl({ isForPages: mode === "library" }),
      ...(mode === "library"
        ? [
            workerFile("src/worker/cpu_worker.ts", "cpu_worker.js", "dist", { hasTexts: false }),
            workerFile("src/worker/gpu_worker.ts", "gpu_worker.js", "dist", { isForPages: true }),
            lateCopies(
              [ENGINE, GPU_KERNELS, CPU_KERNELS].map((file) => join(import.meta.dirname, file)),
              (id) => PURE.test(id),
            ),
            chunks.plugin,
            inlineRuntime(),
            terserPass(),
            sizeLimit("element", DOODLE_PAGES),
            declarations("tsconfig.build.json", "dist/types"),
          ]
        : []),
      ...(mode === "site"
        ? [siteWeights(import.meta.dirname, "weights/doodle"), fontPreloads("latin-wght-normal")]
        : []),
    ],
    // The site's worker is a bundle of its own.
    worker: { format: "es", plugins: () => [wgsl({ hasTexts: false })] },
    ...(mode === "library" ? { build: library } : {}),
    ...(mode === "site"
      ? {
          root: "src/site",
          base: "./",
          build: site,
          server: { fs: { allow: ["../.."] } },
          optimizeDeps: { entries: ["index.html"] },
        }
      : {}),
    ...(mode === "cli" ? { build: commandLine, ssr: { noExternal: true, external: ["webgpu"] } } : {}),
    test: {
      projects: [
        { extends: true, test: { name: "gpu", include: ["test/**/*.test.ts"] } },
        // The same tests on the CPU path, so that its kernels cannot drift from the shaders'.
        {
          extends: true,
          test: {
            name: "cpu",
            include: ON_THE_CPU,
            exclude: NOT_ON_THE_CPU,
            setupFiles: ["test/support/fetched.ts", "test/support/cpu.ts"],
          },
        },
      ],
      setupFiles: ["test/support/fetched.ts"],
      pool: "forks",
      // One file at a time: the software adapters use every core by themselves.
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  };
});
