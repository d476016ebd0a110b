import { expect, test } from "vitest";
import { memorySource } from "../../src/checkpoint/byte_source";
import { parseJsonObject, readJsonObject, describe as show } from "../../src/checkpoint/json";
import { CheckpointError } from "../../src/tensor/check";

const parse = (text: string) => parseJsonObject(new TextEncoder().encode(text), "config.json");

test("ordinary configurations parse", () => {
  expect(parse('{"a": {"b": [1, "}", {"a": 2}]}, "b": "\\"a\\": [", "c": -1.5e-3}\n')).toEqual({
    a: { b: [1, "}", { a: 2 }] },
    b: '"a": [',
    c: -0.0015,
  });
});

test("a name that every object has stays an ordinary name", () => {
  const json = parse('{"__proto__": {"polluted": true}, "constructor": 1}');
  expect(Object.hasOwn(json, "__proto__")).toBe(true);
  expect(Object.keys(json)).toEqual(["__proto__", "constructor"]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("the same name in different objects is no duplicate", () => {
  expect(parse('{"a": {"a": [{"a": 1}, {"a": 2}]}, "b": {"a": 3}}')).toBeDefined();
});

test.each([
  ['{"a": 1, "a": 1}', 'config.json: names must be unique, got "a" twice'],
  ['{"a": {"b": [{"c": 1, "d": "x", "c" : 2}]}}', 'got "c" twice'],
  ['{"\\u0061\\n": 1, "a\\n": 2}', 'got "a\\n" twice'],
  [
    '{"a": NaN}',
    "config.json: must be JSON, got NaN. Python writes it, but JSON has no such number: put null or a finite one",
  ],
  ['{"a": [1, -Infinity]}', "got -Infinity. Python writes it"],
  ['{"a": "NaN", "b": }', "config.json: must be JSON, got Unexpected token"],
  ["[1]", "config.json: must be a JSON object, got [1]"],
  ["null", "config.json: must be a JSON object, got null"],
  ['"text"', 'config.json: must be a JSON object, got "text"'],
  ["", "config.json: must be JSON, got Unexpected end"],
  ['{"a', "config.json: must be JSON, got"],
  ['{"a\\', "config.json: must be JSON, got"],
  ['{"\\x": 1}', "config.json: must be JSON, got"],
  ["}}}}]]]]{", "config.json: must be JSON, got"],
  ["<!DOCTYPE html>", "config.json: must be JSON, got"],
])("%s is refused", (text, message) => {
  let error: unknown;
  try {
    parse(text);
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as Error).message).toContain(message);
});

test("a file too large to be a configuration is not even read", async () => {
  const source = { name: "config.json", size: async () => 2 ** 40, read: () => Promise.reject(new Error("was read")) };
  await expect(readJsonObject(source)).rejects.toThrow(
    "config.json: a JSON file must have at most 16777216 bytes, got 1099511627776",
  );
});

test("a long file is parsed once, not quadratically", async () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `"down_blocks.${i}\\t": ["\\\\", "${"x".repeat(50)}"]`);
  const bytes = new TextEncoder().encode(`{${names.join(",")}}`);
  const start = performance.now();
  expect(Object.keys(await readJsonObject(memorySource(bytes, "index.json")))).toHaveLength(100_000);
  expect(performance.now() - start).toBeLessThan(2000);
});

test("values in messages are short and on one line", () => {
  expect(show({ a: "\n".repeat(100) })).toHaveLength(80);
  expect(show({ a: "\n" })).toBe('{"a":"\\n"}');
  expect(show(undefined)).toBe("nothing");
  expect(show(Number.POSITIVE_INFINITY)).toBe("Infinity");
});
