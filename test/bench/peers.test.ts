/** The arithmetic of the peers' table and the growth plots; who is measured there is not installed here. */
import { expect, test } from "vitest";
import { growthSvg } from "../../bench/growth/growth_svg";
import { type GrowthReceipt, summaryOf } from "../../bench/growth/receipt";
import { resultsOf, tableOf } from "../../bench/peers/receipt";

const machine = { cpu: "a processor", cores: 2, loadBefore: 1, loadAfter: 2 };

test("a ratio is taken within each round: load that comes and goes for all does not move it", () => {
  const about = { about: "", openMs: 1, dispatches: null, error: 0 };
  const results = resultsOf([
    { name: "base", ...about, rounds: [[10, 11, 10], [40], [20, 21]], processorRounds: [20, 22, 20] },
    { name: "peer", ...about, rounds: [[50], [200, 200], [101, 104]], processorRounds: [80, 80, 90] },
  ]);
  expect(results[0]).toMatchObject({ ratio: 1, ratioOfMinima: 1, msMin: 10 });
  expect(results[1]).toMatchObject({ ratio: 5, ratioOfMinima: 5, msMin: 50, processorMs: 80, processorRatio: 4 });
  const text = tableOf({
    format: "unstatic-peers",
    version: 1,
    date: "2026-01-01T00:00:00.000Z",
    commit: "0123456",
    where: "Node",
    machine,
    model: { name: "doodle", batch: 1 },
    peers: results,
  });
  expect(text).toMatch(/^peer +104 .* x 5\.00 +x 5\.00 +80\.0 +x 4\.00 +- +0\.0e\+0/m);
});

test("growth is drawn with every measured point, and told with what was allocated", () => {
  const ms = { median: 10, p10: 9, p90: 11, samples: 3 };
  const receipt: GrowthReceipt = {
    format: "unstatic-growth",
    version: 1,
    date: "2026-01-01T00:00:00.000Z",
    commit: "0123456",
    adapter: "an <adapter>",
    kind: "cpu",
    machine,
    model: "doodle",
    batches: [1, 2].map((batch) => ({
      batch,
      dispatches: 50,
      ms,
      msMin: 9,
      msPerImage: 10 / batch,
      ratioPerImage: 1 / batch,
      processorMs: 20,
      processorRatioPerImage: 1 / batch,
    })),
    sizes: [32, 64].map((size) => ({
      size,
      dispatches: 50,
      flops: size * size,
      bytes: 1,
      ms,
      msMin: 9,
      processorMs: 20,
    })),
    steps: [1, 10].map((steps) => ({
      steps,
      totalMs: 10 * steps,
      msPerStep: 10,
      cpuMs: ms,
      dispatchesPerStep: 50,
      calls: { createBuffer: 3, createBindGroup: 4, writeBuffer: 5 },
      gpuBytes: 2 ** 20,
      heapGrowth: 1024,
      heapBytes: 2 ** 20,
    })),
  };
  const svg = growthSvg(receipt);
  expect(svg.match(/<circle /g)).toHaveLength(8);
  expect(svg).toContain("an &lt;adapter>");
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(summaryOf(receipt)).toMatch(/^10 +100 +10\.0 +10\.0 +11\.0 +7 +5 +1\.00 MiB +1\.00$/m);
});
