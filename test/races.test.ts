/**
 * Every barrier must be missed when it is deleted, and none may be missing.
 *
 * Real adapters hide races: a software one runs the lanes of a workgroup in an order of its own. An interpreter that
 * notes who touches which byte between two barriers does not.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { detectRaces } from "../node_modules/wgsl_reflect/wgsl_reflect.module.js";
import { readShader } from "../src/build/wgsl_plugin";
import { normal } from "./support/random";

const SHADERS = join(import.meta.dirname, "../shaders");
const BARRIER = /workgroupBarrier\(\);/g;

interface Case {
  readonly shader: string;
  readonly lanes: number;
  readonly params: Readonly<Record<string, number>>;
  /** Numbers that each buffer holds, by the binding's name. */
  readonly buffers: Readonly<Record<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>>;
}

/** A 1 x 1 convolution of 40 pixels, 48 channels in two groups to 8. */
const CONV2D = {
  in_height: 5,
  in_width: 8,
  out_height: 5,
  out_width: 8,
  images: 1,
  first_channels: 12,
  second_channels: 0,
  out_channels: 2,
  kernel_height: 1,
  kernel_width: 1,
  stride: 1,
  dilation: 1,
  pad_top: 0,
  pad_left: 0,
  upsample: 0,
  time: 0,
  table_columns: 0,
  table_column: 0,
  conditions: 0,
  has_residual: 0,
  shortcut_first: 0,
  shortcut_second: 0,
  scale: 1,
  groups: 2,
  group_channels: 24,
  source_channels: 48,
  eps: 1e-5,
  activation: 0,
  emits_statistics: 1,
  parts: 1,
};

const cases: Case[] = [
  {
    // 16 queries in two groups, 16 keys in two tiles, heads of 12: lanes weigh what other lanes have scored.
    shader: "attention",
    lanes: 6,
    params: {
      queries: 16,
      keys: 16,
      head_columns: 3,
      chunks: 1,
      columns: 3,
      groups: 2,
      tile: 8,
      q_stride: 3,
      k_stride: 3,
      v_stride: 3,
      y_stride: 3,
      q_column: 0,
      k_column: 0,
      v_column: 0,
      scale: 0.5,
    },
    buffers: { q: normal(192, 1), k: normal(192, 2), v: normal(192, 3), y: new Float32Array(192) },
  },
  {
    // 40 pixels of 48 channels in two groups: two rounds of stages, the norm's phases, two teams, a tile's statistics.
    shader: "conv2d",
    lanes: 128,
    params: CONV2D,
    buffers: {
      x: normal(40 * 48 + 2 * 2 * 48, 1),
      second: new Float32Array(4),
      residual: new Float32Array(4),
      w: normal(48 * 8, 2),
      vectors: normal(2 * 48 + 8, 3),
      table: new Float32Array(4),
      position: new Uint32Array(8),
      y: new Float32Array(40 * 8 + 2 * 2 * 8),
    },
  },
  {
    // Eight invocations add up a pixel's channels.
    shader: "conv2d_few_outputs",
    lanes: 64,
    params: { ...CONV2D, out_channels: 1, emits_statistics: 0 },
    buffers: {
      x: normal(40 * 48 + 2 * 2 * 48, 1),
      second: new Float32Array(4),
      w: normal(48 * 4, 2),
      vectors: normal(2 * 48 + 4, 3),
      table: new Float32Array(4),
      position: new Uint32Array(8),
      y: new Float32Array(40 * 4),
    },
  },
  {
    shader: "guidance_rescale",
    lanes: 4,
    params: { images: 1, pixels: 6, channels: 3, output_channels: 3 },
    buffers: { table: new Uint32Array(64), model_output: normal(48, 1), scales: new Float32Array(4) },
  },
];

/** Kernels whose barriers the interpreter cannot judge. */
const BEYOND: Readonly<Record<string, string>> = {
  threshold: "its lanes meet in atomics, which do not race; its barriers keep phases apart",
};

/** Reports of races in `code`, the text of the case's shader or a variant of it. */
function racesOf({ shader: name, lanes, params, buffers }: Case, code: string): string[] {
  const { shader } = readShader(join(SHADERS, `${name}.wgsl`));
  // The interpreter wants plain constants where a pipeline would set overrides.
  const constant = (_line: string, id: string, type: string | undefined, value: string) =>
    `const ${id}${type ?? ""} = ${id === "WORKGROUP_SIZE" ? `${lanes}u` : value};`;
  const uniform = new DataView(new ArrayBuffer(shader.params.bytes));
  for (const [field, { offset, type }] of Object.entries(shader.params.fields)) {
    if (type === "f32") uniform.setFloat32(offset, params[field]!, true);
    else uniform.setUint32(offset, params[field]!, true);
  }
  const bindings = Object.entries(shader.bindings).map(([binding, { index }]) => {
    return [index, binding === "params" ? { uniform: uniform.buffer } : buffers[binding]!];
  });
  // Nor does it know aliases everywhere.
  const aliases = [...code.matchAll(/^alias (\w+) = ([^;]+);/gm)];
  const spelled = aliases.reduce((text, [, name, type]) => text.replace(new RegExp(`\\b${name}\\b`, "g"), type!), code);
  const plain = spelled.replace(/^alias .*$/gm, "").replace(/^override (\w+)(: \w+)? = ([^;]+);/gm, constant);
  const { races, errors } = detectRaces(plain, "main", [1, 1, 1], { 0: Object.fromEntries(bindings) });
  return [...races.map(({ message }) => message), ...errors];
}

describe("races", () => {
  test.each(cases)("$shader has no race", (given) => {
    expect(racesOf(given, readShader(join(SHADERS, `${given.shader}.wgsl`)).shader.code)).toEqual([]);
  });

  const deletions = cases.flatMap((given) => {
    const { code } = readShader(join(SHADERS, `${given.shader}.wgsl`)).shader;
    return [...code.matchAll(BARRIER)].map(({ index }) => ({
      given,
      shader: given.shader,
      line: code.slice(0, index).split("\n").length,
      code: code.slice(0, index) + code.slice(index).replace(BARRIER.source.replaceAll("\\", ""), ""),
    }));
  });
  test.each(deletions)("$shader misses its barrier on line $line", ({ given, code }) => {
    expect(racesOf(given, code)).not.toEqual([]);
  });

  test("every kernel with a barrier is examined", () => {
    const withBarriers = readdirSync(SHADERS).filter(
      (file) => file.endsWith(".wgsl") && readFileSync(join(SHADERS, file), "utf8").includes("Barrier()"),
    );
    const examined = [...cases.map(({ shader }) => shader), ...Object.keys(BEYOND)].sort();
    expect(withBarriers.map((file) => file.replace(".wgsl", ""))).toEqual(examined);
  });
});
