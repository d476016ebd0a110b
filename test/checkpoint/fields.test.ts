import { describe, expect, test } from "vitest";
import { fields } from "../../src/checkpoint/fields";
import { CheckpointError } from "../../src/tensor/check";

const of = (json: Record<string, unknown>) => fields(json, "unet/config.json");
const rule = { min: 1, max: 4096 };
const lengths = { minLength: 1, maxLength: 4 };

test("fields that are there are read, and no default is put over them", () => {
  const f = of({ i: 3, n: 0.5, b: false, s: "x", o: "silu", is: [1, 2], ss: ["a"] });
  expect(f.int("i", { ...rule, default: 9 })).toBe(3);
  expect(f.number("n", { min: 0, max: 1, default: 9 })).toBe(0.5);
  expect(f.boolean("b", true)).toBe(false);
  expect(f.string("s", "y")).toBe("x");
  expect(f.oneOf("o", ["silu", "gelu"], "gelu")).toBe("silu");
  expect(f.ints("is", { ...rule, ...lengths })).toEqual([1, 2]);
  expect(f.strings("ss", lengths)).toEqual(["a"]);
  expect(f.rest()).toEqual([]);
});

test("missing fields are their defaults", () => {
  const f = of({});
  expect(f.int("i", { ...rule, default: 32 })).toBe(32);
  expect(f.boolean("b", false)).toBe(false);
  expect(f.oneOf("o", ["silu", "gelu"], "silu")).toBe("silu");
  expect(f.ints("is", { ...rule, ...lengths, default: [8, 8] })).toEqual([8, 8]);
});

test("null is a value of its own", () => {
  const f = of({ attention_head_dim: null, dropout: 0 });
  expect(f.isNull("attention_head_dim")).toBe(true);
  expect(f.isNull("dropout")).toBe(false);
  expect(f.isNull("class_embed_type")).toBe(false);
  expect(f.isAbsent("class_embed_type")).toBe(true);
  expect(f.isAbsent("attention_head_dim")).toBe(true);
  expect(() => f.int("attention_head_dim", { ...rule, default: 8 })).toThrow("attention_head_dim must be an integer");
  expect(f.rest()).toEqual(["dropout"]);
});

test("rest lists what nobody asked for, but not diffusers' notes", () => {
  const f = of({ _class_name: "UNet2DModel", _diffusers_version: "0.42.1", a: 1, novel: {}, known: 0, __proto__x: 1 });
  f.int("a", rule);
  f.ignore("known");
  expect(f.rest()).toEqual(["novel"]);
});

describe("errors name the field, what must hold and what came", () => {
  const cases: [string, () => unknown, string][] = [
    ["missing", () => of({}).int("in_channels", rule), "in_channels must be given, got nothing"],
    ["a name that every object has", () => of({}).string("constructor"), "constructor must be given, got nothing"],
    ["too small", () => of({ g: 0 }).int("g", rule), "g must be an integer from 1 to 4096, got 0"],
    ["too large", () => of({ g: 1e300 }).int("g", rule), "g must be an integer from 1 to 4096, got 1e+300"],
    ["half", () => of({ g: 1.5 }).int("g", rule), "g must be an integer from 1 to 4096, got 1.5"],
    ["text for a number", () => of({ g: "32" }).int("g", rule), 'g must be an integer from 1 to 4096, got "32"'],
    ["true for a number", () => of({ g: true }).number("g", rule), "g must be a number from 1 to 4096, got true"],
    [
      "1e999",
      () => of(JSON.parse('{"g": 1e999}')).number("g", rule),
      "g must be a number from 1 to 4096, got Infinity",
    ],
    [
      "1e999 where nothing bounds the number",
      () => of(JSON.parse('{"g": 1e999}')).number("g", { min: 0, max: Number.POSITIVE_INFINITY }),
      "g must be a number from 0 to Infinity, got Infinity",
    ],
    ["a number for a truth", () => of({ b: 1 }).boolean("b"), "b must be true or false, got 1"],
    ["a list for text", () => of({ s: [] }).string("s"), "s must be a string, got []"],
    [
      "an unknown choice",
      () => of({ a: "swosh" }).oneOf("a", ["silu", "gelu"]),
      'a must be one of silu, gelu, got "swosh"',
    ],
    ["a choice in a list", () => of({ a: ["silu"] }).oneOf("a", ["silu"]), 'a must be one of silu, got ["silu"]'],
    [
      "an item",
      () => of({ c: [8, -8] }).ints("c", { ...rule, ...lengths }),
      "c[1] must be an integer from 1 to 4096, got -8",
    ],
    ["no list", () => of({ c: 8 }).ints("c", { ...rule, ...lengths }), "c must be a list of 1 to 4 items, got 8"],
    [
      "too many",
      () => of({ c: [1, 2, 3, 4, 5] }).ints("c", { ...rule, ...lengths }),
      "c must be a list of 1 to 4 items, got [1,2,3,4,5]",
    ],
  ];
  test.each(cases)("%s", (_, read, message) => {
    expect(read).toThrow(new CheckpointError(`unet/config.json: ${message}`));
  });
});
