/** The arrows between the rooms: who may import whom. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");

/** Each room and the rooms that it may import; `shaders` are the .wgsl files, `index` is the public surface. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  tensor: [],
  random: [],
  schedulers: ["tensor"],
  checkpoint: ["tensor"],
  recording: ["tensor"],
  kernels: ["recording", "tensor", "schedulers", "shaders"],
  models: ["kernels", "recording", "checkpoint", "tensor"],
  runtime: ["recording", "tensor", "shaders"],
  cpu: ["kernels", "random", "recording", "schedulers", "shaders", "tensor"],
  sampler: ["checkpoint", "kernels", "models", "recording", "runtime", "schedulers", "random", "tensor"],
  bench: ["checkpoint", "kernels", "recording", "runtime", "sampler", "tensor"],
  probe: ["bench", "cpu", "recording", "runtime", "sampler", "tensor"],
  worker: ["cpu", "runtime", "sampler", "tensor"],
  cli: ["index", "cpu"],
  tuner: ["kernels", "recording", "runtime", "sampler", "tensor"],
  element: ["index", "engine", "worker"],
  site: ["index", "cpu"],
  build: ["recording", "node_modules"],
};

function importsOf(file: string): string[] {
  const code = readFileSync(file, "utf8");
  const statements = /^(?:(?:import|export|\}) .*?from |import )"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm;
  return [...code.matchAll(statements)].map((match) => match[1] ?? match[2]!);
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
  (file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file),
);

test("every room has its arrows", () => {
  const rooms = new Set(files.filter((file) => file.includes("/")).map((file) => file.split("/")[0]!));
  expect([...rooms].sort()).toEqual(Object.keys(ARROWS).sort());
});

test.each(files.filter((file) => file.includes("/")))("%s imports only what its room may", (file) => {
  const room = file.split("/")[0]!;
  for (const path of importsOf(join(SRC, file))) {
    const target = join(file, "..", path);
    const from = target.startsWith("..") ? target.replace(/^(\.\.\/)+/, "").split("/")[0]! : target.split("/")[0]!;
    if (from === room) continue;
    expect(ARROWS[room], `${file} imports ${path}`).toContain(from);
  }
});

test("only the runtime names GPUDevice's objects", () => {
  const strangers = files.filter((file) => {
    // cpu/ is a WebGPU device itself.
    const isAllowed = /^(runtime|cpu)\//.test(file) || file === "build/wgsl_plugin.ts";
    return (
      !isAllowed && /\bGPU(Device|Buffer|CommandEncoder|ComputePipeline)\b/.test(readFileSync(join(SRC, file), "utf8"))
    );
  });
  expect(strangers).toEqual([]);
});
