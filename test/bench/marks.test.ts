/** Marks of the roofline: told apart by colour, by shape, and never the same in both. */
import { expect, test } from "vitest";
import { mark } from "../../src/bench/marks";

const KINDS = 42;
const colourOf = (svg: string) => /fill="(#[0-9a-f]{6})"/.exec(svg)![1]!;
const shapeOf = (svg: string) => /points="([^"]*)"/.exec(svg)?.[1] ?? "circle";
const all = Array.from({ length: KINDS }, (_, i) => mark(i, 0, 0, 100));

test("no two of the first forty-two are alike; neighbours differ in colour and in shape", () => {
  expect(new Set(all).size).toBe(KINDS);
  for (let i = 1; i < KINDS; i++) {
    expect(colourOf(all[i]!)).not.toBe(colourOf(all[i - 1]!));
    expect(shapeOf(all[i]!)).not.toBe(shapeOf(all[i - 1]!));
  }
});

test("every shape has the area of the circle with its radius", () => {
  for (const shape of all.map(shapeOf).filter((each) => each !== "circle")) {
    const corners = shape.split(" ").map((pair) => pair.split(",").map(Number) as [number, number]);
    const crossed = corners.map(([x, y], i) => {
      const [u, v] = corners[(i + 1) % corners.length]!;
      return x * v - u * y;
    });
    const area = Math.abs(crossed.reduce((sum, each) => sum + each, 0)) / 2;
    expect(area / (Math.PI * 100 ** 2)).toBeCloseTo(1, 2);
  }
});

test("every colour stands out on white and on the page's dark ground", () => {
  for (const colour of new Set(all.map(colourOf))) {
    for (const ground of ["#ffffff", "#131519"]) expect(contrast(colour, ground), colour).toBeGreaterThan(2);
  }
});

/** WCAG's ratio of two colours' luminances. */
function contrast(...colours: readonly [string, string]): number {
  const [dark, light] = colours.map(luminance).sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
