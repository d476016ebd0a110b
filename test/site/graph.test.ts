/** The diagram is read off a recording: any network gives its own, and nothing of it is drawn by hand. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseUNet2DConfig } from "../../src/models/unet_2d_config";
import { layersOf } from "../../src/probe/layers";
import { recordLoop } from "../../src/sampler/network";
import { graphOf, modulePath } from "../../src/site/inside/graph";

function graphOfFolder(folder: string, guided = false) {
  const file = `${folder}/config.json`;
  const config = parseUNet2DConfig(JSON.parse(readFileSync(file, "utf8")), file);
  const [height, width] = config.sampleSize ?? [32, 32];
  const shape = { count: 1, height, width, rows: 4, slots: 1, conditions: guided ? 2 : 1, guided };
  return graphOf(layersOf(recordLoop("test", config, shape).recording, () => 0));
}

describe("the doodle network", () => {
  const graph = graphOfFolder("weights/doodle/unet", true);
  const at = (path: string) => graph.nodes.find((node) => node.path === path)!;

  test("goes down three levels and up again", () => {
    const levels = graph.nodes.filter(({ kind }) => kind !== "time").map(({ level }) => level);
    expect(graph.levels).toBe(3);
    expect(levels).toEqual([0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0]);
    expect(graph.nodes.map(({ column }) => column)).toEqual([0, 0, ...levels.slice(1).map((_, i) => i + 1)]);
  });

  test("each module has its kind and its dispatches, each dispatch has one module", () => {
    expect(at("down_blocks.1.resnets.0").kind).toBe("resnet");
    expect(at("mid_block.attentions.0").kind).toBe("attention");
    expect(at("down_blocks.0.downsamplers.0").kind).toBe("down");
    expect(at("up_blocks.1.upsamplers.0").kind).toBe("up");
    expect(at("mid_block.attentions.0").layers.map(({ label }) => label)).toContain("mid_block.attentions.0.attention");
    const all = graph.nodes.flatMap(({ layers }) => layers.map(({ index }) => index));
    expect([...all].sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
    expect(graph.nodes.at(-1)).toMatchObject({ path: "sampler", kind: "sampler", output: { binding: "x" } });
  });

  test("every skip ends where its tensor is read, at its own level", () => {
    const skips = graph.edges.filter(({ kind }) => kind === "skip");
    const named = skips.map(({ from, to }) => `${graph.nodes[from]!.path} > ${graph.nodes[to]!.path}`);
    expect(named.sort()).toEqual([
      "conv_in > up_blocks.2.resnets.1",
      "down_blocks.0.downsamplers.0 > up_blocks.1.resnets.1",
      "down_blocks.0.resnets.0 > up_blocks.2.resnets.0",
      "down_blocks.1.downsamplers.0 > up_blocks.0.resnets.1",
      "down_blocks.1.resnets.0 > up_blocks.1.resnets.0",
      "down_blocks.2.attentions.0 > up_blocks.0.resnets.0",
    ]);
    for (const { from, to } of skips) expect(graph.nodes[from]!.level).toBe(graph.nodes[to]!.level);
  });
});

test.each(["attention_everywhere", "learned", "legacy", "odd_heads", "cifar10"])(
  "%s is one line with skips",
  (name) => {
    const { nodes, edges } = graphOfFolder(`test/fixtures/unets/${name}`);
    const flow = edges.filter(({ kind }) => kind === "flow");
    expect(flow).toHaveLength(nodes.filter(({ kind }) => kind !== "time").length - 1);
    const resnetsUp = nodes.filter(({ path }) => /^up_blocks.*resnets/.test(path)).length;
    expect(edges.length - flow.length).toBe(resnetsUp);
    for (const { output, kind } of nodes) if (kind !== "time") expect(output).not.toBeNull();
  },
);

test("a module's path ends with the number of its second part", () => {
  expect(modulePath("down_blocks.0.resnets.1.conv1")).toBe("down_blocks.0.resnets.1");
  expect(modulePath("mid_block.attentions.0.to_out.0")).toBe("mid_block.attentions.0");
  expect(modulePath("conv_norm_out.fold")).toBe("conv_norm_out");
  expect(modulePath("conv_in/y.statistics")).toBe("conv_in");
});
