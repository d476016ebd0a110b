/** Colouring must not change a text, and must see what a reader sees. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tokensOf } from "../../src/site/inside/wgsl_tokens";

const kinds = (code: string) => tokensOf(code).map(({ kind, text }) => [kind, text]);

test.each(readdirSync("shaders").filter((file) => file.endsWith(".wgsl")))("%s is the same text again", (file) => {
  const code = readFileSync(`shaders/${file}`, "utf8");
  const tokens = tokensOf(code);
  expect(tokens.map(({ text }) => text).join("")).toBe(code);
  expect(tokens.some(({ kind, text }) => kind === "keyword" && text === "fn")).toBe(true);
});

test("comments swallow what is in them, numbers end where they end", () => {
  expect(kinds("let a = 1.5e-3f; // fn 2")).toEqual([
    ["keyword", "let"],
    ["other", " "],
    ["name", "a"],
    ["other", " = "],
    ["number", "1.5e-3f"],
    ["other", "; "],
    ["comment", "// fn 2"],
  ]);
  expect(kinds("a/*1*/b")).toEqual([
    ["name", "a"],
    ["comment", "/*1*/"],
    ["name", "b"],
  ]);
  expect(kinds("0x1Fu+.5")).toEqual([
    ["number", "0x1Fu"],
    ["other", "+"],
    ["number", ".5"],
  ]);
});

test("names are told apart by what they are", () => {
  expect(kinds("@compute vec4f workgroupBarrier vec4fx x1")).toEqual([
    ["attribute", "@compute"],
    ["other", " "],
    ["type", "vec4f"],
    ["other", " "],
    ["builtin", "workgroupBarrier"],
    ["other", " "],
    ["name", "vec4fx"],
    ["other", " "],
    ["name", "x1"],
  ]);
});

test("an unfinished comment and odd characters are text like any other", () => {
  for (const code of ["/* open", "let é = 1; // ü", "\u0000\n", ""]) {
    expect(
      tokensOf(code)
        .map(({ text }) => text)
        .join(""),
    ).toBe(code);
  }
});
