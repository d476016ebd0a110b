import { describe, expect, test } from "vitest";
import { formatTuning, InputError, joinTunings, parseTuning } from "../../src/index";
import { browserOf } from "../../src/runtime/software";
import { forgetTuning, rememberedTuning, rememberTuning } from "../../src/tuner/page_storage";

const TUNING = { places: { here: { "conv2d a": { algorithm: "direct", workgroup: 16 }, "conv2d b": null } } };

test("a tuning survives as text", () => {
  expect(parseTuning(formatTuning(TUNING), "tuning.json")).toEqual(TUNING);
});

test("of two tunings that know a shape, the later one counts, and nothing else is lost", () => {
  const later = { places: { here: { "conv2d a": null }, there: { "conv2d a": { algorithm: "tile" } } } };
  expect(joinTunings(TUNING, later)).toEqual({
    places: { here: { "conv2d a": null, "conv2d b": null }, there: { "conv2d a": { algorithm: "tile" } } },
  });
});

describe("a corrupt text is an error that names place and remedy", () => {
  const withChoice = (choice: unknown) =>
    JSON.stringify({ format: "unstatic tuning 1", places: { here: { a: choice } } });
  test.each([
    ["cut short", formatTuning(TUNING).slice(0, -20), /^t\.json: must be JSON, got: .*delete it and tune again$/],
    ["empty", "", /^t\.json: must be JSON/],
    [
      "another format",
      '{"format":"unstatic tuning 2","places":{}}',
      /^t\.json: 'format' must be .*, got "unstatic tuning 2"/,
    ],
    ["a list", "[]", /^t\.json: must be an object, got \[\]/],
    ["null", "null", /^t\.json: must be an object, got null/],
    ["places missing", '{"format":"unstatic tuning 1"}', /^t\.json: places: must be an object, got undefined/],
    [
      "a place that is text",
      '{"format":"unstatic tuning 1","places":{"here":"x"}}',
      /^t\.json: 'here': must be an object/,
    ],
    ["a choice without an algorithm", withChoice({}), /^t\.json: 'a': must be a choice that the tuner makes, got \{\}/],
    ["an absurd workgroup", withChoice({ algorithm: "direct", workgroup: 1e9 }), /'a': must be a choice .*1000000000/],
    ["a workgroup of text", withChoice({ algorithm: "direct", workgroup: "16" }), /'a': must be a choice/],
    ["slices out of range", withChoice({ algorithm: "tile", slices: 64 }), /'a': must be a choice/],
    ["a stray field", withChoice({ algorithm: "tile", code: "x" }), /'a': must be a choice/],
  ])("%s", (_, text, message) => {
    expect(() => parseTuning(text, "t.json")).toThrow(InputError);
    expect(() => parseTuning(text, "t.json")).toThrow(message);
  });
});

test("a page remembers what was found, adds to it and forgets it on request", () => {
  const entries = new Map<string, string>();
  const storage = {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => entries.set(key, value),
    removeItem: (key: string) => entries.delete(key),
  } as unknown as Storage;
  expect(rememberedTuning(storage)).toBeUndefined();
  rememberTuning(TUNING, storage);
  rememberTuning({ places: { there: {} } }, storage);
  expect(rememberedTuning(storage)).toEqual({ places: { ...TUNING.places, there: {} } });
  entries.set([...entries.keys()][0]!, "{");
  expect(() => rememberedTuning(storage)).toThrow(/^localStorage 'unstatic-tuning': must be JSON/);
  forgetTuning(storage);
  expect(rememberedTuning(storage)).toBeUndefined();
});

test.each([
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36",
    "Chrome 147",
  ],
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/147.0.0.0 Safari/537.36",
    "Chrome 147",
  ],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox 145"],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
    "Safari 26",
  ],
  [
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36 Edg/147.0.0.0",
    "Chrome 147",
  ],
  ["something else", "something else"],
])("a browser is its name and its major version: %s", (userAgent, name) => {
  expect(browserOf(userAgent)).toBe(name);
});
