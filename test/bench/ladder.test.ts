/** The ladder for students: every rung's result, every file's header. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { climb } from "../../bench/ladder/climb";
import { convLadder } from "../../bench/ladder/conv";
import { table } from "../../bench/ladder/main";
import { matmulLadder } from "../../bench/ladder/matmul";
import { type Ladder, obstacle } from "../../bench/ladder/rung";
import { testDevice } from "../support/gpu";

const FOLDER = join(import.meta.dirname, "../../bench/ladder");
const MAX_LINES = 200;

// No size divides a tile, a vec4 or a subgroup's share of channels; the picture is narrower than either Winograd's tile.
const ladders: Readonly<Record<string, Ladder>> = {
  conv: convLadder({ height: 7, width: 5, channels: 21, outputs: 37 }),
  matmul: matmulLadder({ rows: 35, depth: 70, columns: 45 }),
};

describe.each(Object.entries(ladders))("the ladder of %s", (name, ladder) => {
  test("gives the reference's result on every rung", async () => {
    const options = { ...(await testDevice({ baseline: false })), rounds: 0 };
    const results = await climb(ladder, options);
    const { adapter } = options.device;
    const able = ladder.rungs.filter((rung) => obstacle(rung, adapter) === undefined);
    expect(results.filter((result) => "error" in result).map((result) => result.name)).toEqual(
      able.map((rung) => rung.name),
    );
    // The software adapters of this project have subgroups of one size: there, no rung may be left out.
    if (adapter.kind === "cpu") expect(able).toEqual(ladder.rungs);
  });

  test("refuses a rung whose result is wrong", async () => {
    const options = { ...(await testDevice({ baseline: false })), rounds: 0 };
    const wrong = {
      ...ladder,
      rungs: ladder.rungs.slice(0, 1),
      expected: () => ladder.expected().map((y) => y + 1e-3),
    };
    await expect(climb(wrong, options)).rejects.toThrow(/01_naive: the result must be within/);
  });

  test("has a rung for every file, and the other way round", () => {
    const files = readdirSync(join(FOLDER, name)).map((file) => `${name}/${file.replace(".wgsl", "")}`);
    const rungs = ladder.rungs.map((rung) => rung.name).filter((rung) => !rung.startsWith("shipped"));
    expect(rungs.filter((rung) => !files.some((file) => file.startsWith(rung)))).toEqual([]);
    expect(files.filter((file) => !rungs.some((rung) => file.startsWith(rung)))).toEqual([]);
  });
});

test("the table shows each rung's gain over the one before and over the first", () => {
  const ladder = { ...ladders.conv!, flops: 3e6 };
  const rung = (name: string, ms: number) => ({ name, kernels: [], error: 1e-6, ms });
  const text = table(ladder, [rung("a", 3), rung("b", 1), { name: "c", obstacle: "wants wings" }, rung("d", 0.5)]);
  expect(text.split("\n").map((line) => line.replace(/ {2,}/g, "|"))).toEqual([
    "rung|GFLOP/s|on the last|on the first|max error",
    "a|1.00|1.0e-6",
    "b|3.00|3.00 x|3.00 x|1.0e-6",
    "c|-|-|-|-|wants wings",
    "d|6.00|2.00 x|6.00 x|1.0e-6",
  ]);
});

const files = ["conv", "matmul"].flatMap((folder) => readdirSync(join(FOLDER, folder)).map((file) => [folder, file]));

test.each(files)("%s/%s opens as a shader of this house does", (folder, file) => {
  const code = readFileSync(join(FOLDER, folder!, file!), "utf8");
  const header = /^(\/\/.*\n)+/.exec(code)?.[0] ?? "";
  expect(header).toMatch(new RegExp(`^// ${file!.replace(".wgsl", "")}: .+\n//\n// \\S`));
  const fields = ["Shapes", "Layout", "Dispatch", "Cost", "Host", "Test"];
  expect(fields.filter((field) => !new RegExp(`\\b${field} {2,}\\S`).test(header))).toEqual([]);
  expect(header).toMatch(/^\/\/ {3}\S.* = .+/m); // the formula
  expect(code.trimEnd().split("\n").length).toBeLessThan(MAX_LINES);
  expect(code).toMatch(/^override WORKGROUP_SIZE: u32 = \d+;/m);
});
