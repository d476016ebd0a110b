import { describe, expect, test } from "vitest";
import { memorySource } from "../../src/checkpoint/byte_source";
import { openSafetensors } from "../../src/checkpoint/safetensors";
import { CheckpointError } from "../../src/tensor/check";

/** A file with the given header, text or JSON, and `dataBytes` zeros behind it. */
function file(header: string | object, dataBytes = 0, headerLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

/** A header entry; six F32 by default. */
function entry(begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = "F32") {
  return { dtype, shape, data_offsets: [begin, end] };
}

const open = (bytes: Uint8Array) => openSafetensors(memorySource(bytes, "f"));

const sound = file({ a: entry(0, 8), b: entry(8, 24) }, 24);

test("the file that the cases below spoil is sound", async () => {
  expect([...(await open(sound)).tensors.keys()]).toEqual(["a", "b"]);
});

test("an empty header means an empty checkpoint", async () => {
  expect((await open(file("{}"))).tensors.size).toBe(0);
  expect((await open(file("{}   \n "))).tensors.size).toBe(0);
});

const CASES: [what: string, bytes: Uint8Array, message: string][] = [
  ["an empty file", new Uint8Array(), "f: a safetensors file must have at least 8 bytes, got 0"],
  ["a file of 7 bytes", new Uint8Array(7), "f: a safetensors file must have at least 8 bytes, got 7"],
  [
    "a header length of 2^60",
    file("{}", 0, 2n ** 60n),
    "f: the header's length must be from 2 to 2 (the file has 10 bytes), got 1152921504606846976",
  ],
  ["a header length of 2^64 - 1", file("{}", 0, 2n ** 64n - 1n), "got 18446744073709551615"],
  ["a header length of 0", file("{}", 0, 0n), "the header's length must be from 2 to 2"],
  ["a header length beyond the official limit", file("{}", 0, 100_000_001n), "got 100000001"],
  ["a header cut short", sound.subarray(0, 40), "The file is cut short or not a safetensors file"],
  [
    "the last byte missing",
    sound.subarray(0, -1),
    "f: the file must end with b at byte 140, got 139 bytes (cut short)",
  ],
  ["a byte too many", file({ a: entry(0, 8) }, 9), "(something follows)"],
  [
    "a ZIP archive, as torch.save writes",
    Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0),
    "got 67324752. The file is cut short or not",
  ],
  ["a header that begins with a space", file(" {}"), 'f: a safetensors header must begin with "{", got byte 32'],
  ["a header that is no JSON", file("{]"), "f: must be JSON, got"],
  ["a header that ends early", file('{"a": '), "f: must be JSON, got"],
  ["a header that is not UTF-8", file('{"a": 1}').fill(0xff, 10, 11), "f: must be UTF-8 text, got other bytes"],
  [
    "the same tensor twice",
    file(`{"a":${JSON.stringify(entry(0, 8))},"a":${JSON.stringify(entry(0, 8))}}`, 8),
    'f: names must be unique, got "a" twice',
  ],
  ["the same tensor twice, once escaped", file('{"a": 1, "\\u0061": 2}'), 'f: names must be unique, got "a" twice'],
  [
    "the same field twice",
    file('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4),
    'got "dtype" twice',
  ],
  ["brackets without end", file(`{"a":${"[".repeat(1000)}`), "f: JSON must nest at most 64 deep"],
  ["metadata that is no object", file({ __metadata__: [1] }), "f: __metadata__ must be an object, got [1]"],
  [
    "metadata that holds a number",
    file({ __metadata__: { epoch: 3 } }),
    'f: __metadata__ must hold strings, got 3 for "epoch"',
  ],
  ["a tensor that is no object", file({ a: 3 }), "f: a: must be described by an object, got 3"],
  [
    "a tensor without shape",
    file({ a: { dtype: "F32", data_offsets: [0, 4] } }, 4),
    "f: a: must have data_offsets, dtype and shape, got data_offsets, dtype",
  ],
  [
    "a tensor with another field",
    file({ a: { ...entry(0, 4), stride: [1] } }, 4),
    "got data_offsets, dtype, shape, stride",
  ],
  [
    "a tensor named __proto__ without fields",
    file('{"__proto__": {}}'),
    "f: __proto__: must have data_offsets, dtype and shape, got nothing",
  ],
  [
    "an unknown type",
    file({ a: entry(0, 4, [1], "F8_E4M3") }, 4),
    'f: a: dtype must be one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL, got "F8_E4M3"',
  ],
  ["a type that every object has", file({ a: entry(0, 4, [1], "toString") }, 4), 'got "toString"'],
  ["a type that is a number", file({ a: entry(0, 4, [1], 4) }, 4), "got 4"],
  ["a shape that is no list", file({ a: entry(0, 4, 1) }, 4), "f: a: shape must be integers >= 0, got 1"],
  ["a negative axis", file({ a: entry(0, 4, [-1, -1]) }, 4), "f: a: shape must be integers >= 0, got [-1,-1]"],
  ["half an axis", file({ a: entry(0, 4, [0.5, 2]) }, 4), "got [0.5,2]"],
  ["an axis of null", file({ a: entry(0, 4, [null]) }, 4), "got [null]"],
  [
    "an axis of 1e999",
    file('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 4),
    "shape must be integers >= 0",
  ],
  [
    "a shape whose product overflows",
    file({ a: entry(0, 4, [2 ** 40, 2 ** 40]) }, 4),
    "f: a: must have fewer than 2^53 bytes, got shape [1099511627776,1099511627776]",
  ],
  ["an overflow that a later 0 would hide", file({ a: entry(0, 0, [2 ** 40, 2 ** 40, 0]) }), "fewer than 2^53 bytes"],
  [
    "offsets that are no pair",
    file({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4, 8] } }, 8),
    "f: a: data_offsets must be two integers >= 0, got [0,4,8]",
  ],
  ["negative offsets", file({ a: entry(-4, 0, [1]) }, 4), "f: a: data_offsets must be two integers >= 0, got [-4,0]"],
  [
    "offsets out of order",
    file({ a: entry(8, 0, [2]) }, 8),
    "f: a: F32 of shape [2] takes 8 bytes, got data_offsets [8,0]",
  ],
  [
    "a length that is not the shape's",
    file({ a: entry(0, 8, [3]) }, 8),
    "f: a: F32 of shape [3] takes 12 bytes, got data_offsets [0,8]",
  ],
  ["offsets beyond the file", file({ a: entry(0, 4096) }, 16), "f: the file must end with a at byte"],
  ["offsets of 2^52", file({ a: entry(2 ** 52, 2 ** 52 + 4) }, 16), "(a hole)"],
  ["two tensors that overlap", file({ a: entry(0, 8), b: entry(4, 12) }, 12), "f: b must begin where a ends, at byte"],
  ["two tensors in the same place", file({ a: entry(0, 8), b: entry(0, 8) }, 8), "(they overlap)"],
  ["a hole between tensors", file({ a: entry(0, 8), b: entry(12, 20) }, 20), "(a hole)"],
  ["a hole at the beginning", file({ a: entry(4, 8) }, 8), "f: a must begin where the header ends, at byte"],
  [
    "data without tensors",
    file("{}", 4),
    "f: the file must end with the header at byte 10, got 14 bytes (something follows)",
  ],
];

describe("refused, and why", () => {
  test.each(CASES)("%s", async (_, bytes, message) => {
    const error = await open(bytes).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toContain(message);
  });

  test("every file cut short, at whatever byte", async () => {
    for (let length = 0; length < sound.length; length++)
      await expect(open(sound.subarray(0, length)), `${length} bytes`).rejects.toThrow(CheckpointError);
  });
});
