/** The house rules of a shader: what its header tells, where its other files are, how long it may be. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readShader } from "../src/build/wgsl_plugin";

const ROOT = join(import.meta.dirname, "..");
const SHADERS = join(ROOT, "shaders");
const MAX_LINES = 200;
const FIELDS = ["Shapes", "Layout", "Dispatch", "Cost", "Host", "Test"];

const shaders = readdirSync(SHADERS).filter((file) => file.endsWith(".wgsl"));
/** What is not a kernel is drawn: it has a vertex and a fragment stage, and writes no buffer. */
const kernels = shaders.filter((file) => readFileSync(join(SHADERS, file), "utf8").includes("@compute"));
const libraries = readdirSync(join(SHADERS, "lib"));

/** The comment that a file begins with. */
function headerOf(code: string): string {
  return /^(\/\/.*\n)+/.exec(code)?.[0] ?? "";
}

describe.each(shaders)("shaders/%s", (file) => {
  const code = readFileSync(join(SHADERS, file), "utf8");
  const header = headerOf(code);
  const name = file.replace(".wgsl", "");

  test("begins with its name and what it is for", () => {
    expect(header).toMatch(new RegExp(`^// ${name}: .+`));
  });

  test("tells shapes, layout, dispatch, cost, host and test", () => {
    expect(FIELDS.filter((field) => !new RegExp(`\\b${field} {2,}\\S`).test(header))).toEqual([]);
  });

  test("names a host twin and a test that exist and know it", () => {
    const host = /Host {2,}(\S+)/.exec(header)?.[1] ?? "";
    const kernelTest = /Test {2,}(\S+)/.exec(header)?.[1] ?? "";
    expect([host, kernelTest].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(readFileSync(join(ROOT, host), "utf8")).toMatch(new RegExp(`shaders/${file}(\\?late(=tiled)?)?"`));
  });

  test(`is shorter than ${MAX_LINES} lines`, () => {
    expect(code.trimEnd().split("\n").length).toBeLessThan(MAX_LINES);
  });
});

describe.each(kernels)("kernel shaders/%s", (file) => {
  const code = readFileSync(join(SHADERS, file), "utf8");

  test("has one entry point, main, with a workgroup size that a launch chooses", () => {
    const { shader } = readShader(join(SHADERS, file));
    expect([...shader.code.matchAll(/@compute\s[^{]*?\bfn (\w+)/g)].map((match) => match[1])).toEqual(["main"]);
    expect(code).toMatch(/^override WORKGROUP_SIZE: u32 = \d+;/m);
    expect(code).toContain("@workgroup_size(WORKGROUP_SIZE)");
  });

  test("ends its bindings with what it writes, after params and what it reads", () => {
    const accesses = [...code.matchAll(/@binding\((\d+)\) var<(?:uniform|storage, (\w+))>/g)];
    expect(accesses.map((match) => Number(match[1]))).toEqual(accesses.map((_, i) => i));
    expect(accesses.at(-1)?.[2]).toBe("read_write");
  });
});

describe.each(libraries)("shaders/lib/%s", (file) => {
  const code = readFileSync(join(SHADERS, "lib", file), "utf8");

  test("begins with what it is for; has no binding and no entry point", () => {
    expect(headerOf(code)).not.toBe("");
    expect(code).not.toMatch(/^@(group|compute|binding)|var<(storage|uniform)/m);
  });

  test("is included by a kernel, itself or the one that it replaces", () => {
    const replaced = /^\/\/ Replaces (\w+\.wgsl)/m.exec(headerOf(code))?.[1] ?? file;
    const includes = kernels.filter((kernel) =>
      headerOf(readFileSync(join(SHADERS, kernel), "utf8")).includes(`lib/${replaced}`),
    );
    if (!headerOf(code).includes("Appended by src/kernels/half_activations.ts")) expect(includes).not.toEqual([]);
  });
});
