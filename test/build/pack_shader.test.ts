/** Shaders in few words, as builds write them: nothing that reflection found may be lost. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packShader } from "../../src/build/pack_shader";
import { readShader } from "../../src/build/wgsl_plugin";
import { unpackShader } from "../../src/recording/packed_shader";

const FOLDER = join(import.meta.dirname, "../../shaders");
const KERNELS = readdirSync(FOLDER).filter((file) => file.endsWith(".wgsl"));

test.each(KERNELS)("%s is itself again", (file) => {
  const { shader } = readShader(join(FOLDER, file));
  expect(unpackShader(shader.code, ...packShader(shader))).toEqual(shader);
});

const { code: _, ...SHADER } = readShader(join(FOLDER, "activation.wgsl")).shader;

test.each([
  { why: "a binding left out", change: { bindings: { x: { index: 1, access: "read" } } } },
  { why: "a vector", change: { params: { bytes: 16, fields: { size: { offset: 0, type: "vec2u" } } } } },
  { why: "a hole in Params", change: { params: { bytes: 16, fields: { size: { offset: 4, type: "u32" } } } } },
] as const)("what few words cannot say is an error: $why", ({ change }) => {
  expect(() => packShader({ ...SHADER, ...change })).toThrow("activation: bindings must count from 0 and Params hold");
});
