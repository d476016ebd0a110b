/** How few dispatches a step takes: the fusion plan, counted. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chooseAlgorithms, type Target } from "../../src/kernels/variants";
import { parseUNet2DConfig } from "../../src/models/unet_2d_config";
import { recordLoop } from "../../src/sampler/network";

const shape = { count: 1, rows: 24, slots: 1, conditions: 1, guided: false };

function stepOf(file: string, size: number, target?: Target): string[] {
  const config = parseUNet2DConfig(JSON.parse(readFileSync(file, "utf8")), file);
  const { recording } = recordLoop("counted", config, { ...shape, height: size, width: size });
  if (target) chooseAlgorithms(recording, target);
  return recording.dispatches.filter(({ section }) => section === "step").map(({ label }) => label);
}

describe("dispatches of a step", () => {
  test.each([
    {
      file: "weights/doodle/unet/config.json",
      size: 32,
      what: "a three-level UNet with one layer per block",
      limit: 50,
    },
    { file: "test/fixtures/cifar10/config.json", size: 32, what: "google/ddpm-cifar10-32", limit: 100 },
  ])("$what: two per ResNet block, three per attention, one per resampling, four for the rest", (given) => {
    const labels = stepOf(given.file, given.size);
    const counts = new Map<string, number>();
    for (const label of labels) {
      const place = /^.*?(resnets|attentions|downsamplers|upsamplers)\.\d+/.exec(label)?.[0] ?? "the rest";
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    const expected = { resnets: 2, attentions: 3, downsamplers: 1, upsamplers: 1 };
    for (const [place, count] of counts) {
      const kind = Object.entries(expected).find(([name]) => place.includes(name));
      expect({ place, count }).toEqual({ place, count: kind ? kind[1] : 4 });
    }
    expect(labels.length).toBeLessThanOrEqual(given.limit);
    // On a GPU the small pictures' long sums are split: a second dispatch for each.
    const onGpu = stepOf(given.file, given.size, { kind: "gpu", subgroupSize: 32 });
    expect(onGpu.length).toBeLessThanOrEqual(given.limit);
    console.log(`${given.what} on a GPU: ${onGpu.length} dispatches`);
    console.log(`${given.what}: ${labels.length} dispatches`);
  });
});
