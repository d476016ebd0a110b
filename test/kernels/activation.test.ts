import { describe, expect, test } from "vitest";
import { type Activation, activation } from "../../src/kernels/activation";
import { sizeOf } from "../../src/tensor/shape";
import { activations } from "../reference/activation";
import { runOne } from "../support/gpu";
import "../support/matchers";
import { normal } from "../support/random";

describe("activation", () => {
  test.each<{ f: Activation; shape: number[]; std: number; why: string }>([
    { f: "silu", shape: [2, 3, 5, 7], std: 1, why: "channels that do not divide by four" },
    { f: "silu", shape: [1, 1, 1, 1000], std: 60, why: "where exp leaves f32's range" },
    { f: "gelu", shape: [1, 9, 33], std: 2, why: "both halves of the error function" },
    { f: "mish", shape: [300], std: 20, why: "past the point where softplus is the identity" },
    { f: "relu", shape: [3, 3], std: 1, why: "smaller than a workgroup" },
    { f: "identity", shape: [5], std: 1, why: "nothing changes" },
  ])("$f on $shape: $why", async ({ f, shape, std }) => {
    const x = normal(sizeOf(shape), 1, 0, std);
    const y = await runOne({ x: { shape, data: x } }, (t) => activation(t.x, f));
    expect(y).toBeAllClose(Array.from(x, activations[f]), { rtol: 2e-6, atol: 1e-6 });
  });
});
