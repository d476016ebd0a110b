/**
 * Thousands of spoilt files and configurations, each from a seed: whatever comes, the answer is a model or a
 * CheckpointError, soon.
 */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { type ByteSource, memorySource } from "../../src/checkpoint/byte_source";
import { type Fields, fields } from "../../src/checkpoint/fields";
import { type JsonObject, parseJsonObject } from "../../src/checkpoint/json";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import { openSharded } from "../../src/checkpoint/sharded";
import { CheckpointError } from "../../src/tensor/check";
import { uniform } from "../support/random";

const MIXED = new Uint8Array(await readFile("test/fixtures/safetensors/mixed.safetensors"));
const SHARDED = "test/fixtures/folders/sharded";
const INDEX = await readFile(`${SHARDED}/diffusion_pytorch_model.safetensors.index.json`);
const CONFIG = await readFile("test/fixtures/folders/model/config.json");

/** Pieces that parsers trip over, put where anything may be expected. */
const NASTY = [
  "-1",
  "-0",
  "0.5",
  "1e999",
  "1e15",
  "9007199254740993",
  "18446744073709551615",
  "null",
  "true",
  "NaN",
  "[]",
  "{}",
  '""',
  '"__proto__"',
  '"F8"',
  "[[[[[[[[",
  "}}}}",
  '"\\u0000"',
  '"\\ud800"',
  "\ufeff",
  "/**/",
  ",,",
  "[0,4,8]",
  '{"a":1,"a":2}',
  '"../../etc/passwd"',
  '"toString"',
  "[1e308,1e308]",
  "4294967296",
];

/** Draws integers below a bound. */
function dice(seed: number): (below: number) => number {
  const draws = uniform(64, seed);
  let at = 0;
  return (below) => Math.floor((draws[at++ % draws.length] ?? 0) * below);
}

/** Replaces a number, word, string or bracket of the text by another one, or by something nasty. */
function mutateText(text: string, roll: (below: number) => number): string {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[\d.eE+-]+|\w+|\s+|[^\s]/g) ?? [];
  for (let edits = 1 + roll(3); edits > 0; edits--) {
    const at = roll(tokens.length);
    const way = roll(4);
    if (way === 0) tokens.splice(at, 1);
    else if (way === 1) tokens.splice(at, 0, tokens[roll(tokens.length)] ?? "");
    else tokens[at] = (way === 2 ? tokens[roll(tokens.length)] : NASTY[roll(NASTY.length)]) ?? "";
  }
  return tokens.join("");
}

/** Flips bits, sets bytes, cuts or repeats a stretch. */
function mutateBytes(bytes: Uint8Array, roll: (below: number) => number): Uint8Array {
  const way = roll(4);
  if (way === 0) return bytes.slice(0, roll(bytes.length));
  if (way === 1) return Uint8Array.from([...bytes, ...bytes.subarray(roll(bytes.length))]);
  const copy = bytes.slice();
  // Half of the edits hit the length and the first of the header, where they matter most.
  for (let edits = 1 + roll(4); edits > 0; edits--) {
    const at = roll(roll(2) ? bytes.length : 64);
    copy[at] = way === 2 ? (copy[at] ?? 0) ^ (1 << roll(8)) : roll(256);
  }
  return copy;
}

/** A mutated header behind a length that fits it, so that the JSON is what decides. */
function withHeader(text: string, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

/** Opens and reads everything. "sound" or "refused"; any other error is thrown on and fails the test. */
async function outcome(run: () => Promise<unknown>): Promise<"sound" | "refused"> {
  try {
    await run();
    return "sound";
  } catch (error) {
    if (error instanceof CheckpointError && /^[^:]+: .+/s.test(error.message)) return "refused";
    throw error;
  }
}

async function readAll(source: ByteSource): Promise<void> {
  const checkpoint = await openSafetensors(source);
  for (const name of checkpoint.tensors.keys()) await checkpoint.read(name);
}

/** Runs `count` seeds and says how many came out how; an unexpected error names its seed. */
async function fuzz(count: number, run: (roll: (below: number) => number) => Promise<unknown>) {
  const counts = { sound: 0, refused: 0 };
  for (let seed = 1; seed <= count; seed++) {
    try {
      counts[await outcome(() => run(dice(seed)))]++;
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`, { cause: error });
    }
  }
  expect(counts.refused).toBeGreaterThan(count / 10);
  return counts;
}

describe("a spoilt file is read or refused", () => {
  test("4000 with spoilt bytes", async () => {
    const counts = await fuzz(4000, (roll) => readAll(memorySource(mutateBytes(MIXED, roll), "f")));
    expect(counts.sound).toBeGreaterThan(0);
  });

  test("4000 with spoilt headers", async () => {
    const headerBytes = Number(new DataView(MIXED.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(MIXED.subarray(8, 8 + headerBytes));
    const data = MIXED.subarray(8 + headerBytes);
    await fuzz(4000, (roll) => readAll(memorySource(withHeader(mutateText(header, roll), data), "f")));
  });

  test("1000 with a spoilt index of shards", async () => {
    const shards = new Map<string, Uint8Array>();
    for (const k of [1, 2, 3]) {
      const name = `diffusion_pytorch_model-0000${k}-of-00003.safetensors`;
      shards.set(name, new Uint8Array(await readFile(`${SHARDED}/${name}`)));
    }
    await fuzz(1000, async (roll) => {
      const json = parseJsonObject(new TextEncoder().encode(mutateText(INDEX.toString(), roll)), "index");
      await openSharded(json, "index", (name) => memorySource(shards.get(name) ?? new Uint8Array(), name));
    });
  });
});

/** Every kind of field, read as a model would. */
function readConfig(f: Fields): void {
  const rule = { min: 1, max: 4096 };
  if (!f.isNull("attention_head_dim")) f.int("attention_head_dim", { ...rule, default: 8 });
  if (!f.isAbsent("num_class_embeds")) f.int("num_class_embeds", rule);
  f.oneOf("act_fn", ["silu", "gelu", "mish", "relu"], "silu");
  f.ints("block_out_channels", { ...rule, minLength: 1, maxLength: 16 });
  f.int("layers_per_block", rule);
  f.strings("down_block_types", { minLength: 1, maxLength: 16 });
  f.number("norm_eps", { min: 0, max: 1 });
  f.boolean("center_input_sample", false);
  f.boolean("add_attention", true);
  f.string("time_embedding_type", "positional");
  f.strings("up_block_types", { minLength: 1, maxLength: 16 });
  for (const name of f.rest()) f.ignore(name);
}

describe("a spoilt configuration is read or refused", () => {
  const read = (bytes: Uint8Array) => readConfig(fields(parseJsonObject(bytes, "config.json"), "config.json"));

  test("4000 with spoilt text", async () => {
    const counts = await fuzz(4000, async (roll) =>
      read(new TextEncoder().encode(mutateText(CONFIG.toString(), roll))),
    );
    expect(counts.sound).toBeGreaterThan(0);
  });

  test("2000 with spoilt bytes", async () => {
    const counts = await fuzz(2000, async (roll) => read(mutateBytes(new Uint8Array(CONFIG), roll)));
    expect(counts.sound).toBeGreaterThan(0);
  });

  test("2000 with a value of any kind in any field", async () => {
    const config: JsonObject = JSON.parse(CONFIG.toString());
    const names = Object.keys(config);
    const values = [
      null,
      true,
      -1,
      0,
      0.5,
      1e300,
      Number.POSITIVE_INFINITY,
      "",
      "x",
      [],
      [[]],
      {},
      [null],
      [1, "a"],
      [1e9],
    ];
    await fuzz(2000, async (roll) => {
      const spoilt = { ...config, [names[roll(names.length)] ?? ""]: values[roll(values.length)] };
      readConfig(fields(spoilt, "config.json"));
    });
  });
});
