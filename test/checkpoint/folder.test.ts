import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openFolder } from "../../src/checkpoint/folder";
import { CheckpointError, InputError } from "../../src/tensor/check";

const FOLDERS = "test/fixtures/folders";
const WEIGHTS = "diffusion_pytorch_model.safetensors";

let scratch = "";
let base = "";
const log: string[] = [];

/** A static server without ranges over the fixtures; below /hub it has the hub's addresses. */
const server = createServer(async (request, response) => {
  log.push(request.url ?? "");
  const path = (request.url ?? "").replace(/^\/hub\/owner\/([^/]+)\/resolve\/main\//, "/$1/").replace(/\?.*$/, "");
  const body = await readFile(FOLDERS + path).catch(() => undefined);
  response.writeHead(body ? 200 : 404).end(body);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  scratch = await mkdtemp(`${tmpdir()}/unstatic-`);
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(scratch, { recursive: true });
});

afterEach(() => vi.unstubAllGlobals());

/** A copy of a fixture folder that a test may spoil. */
async function copyOf(fixture: string): Promise<string> {
  const copy = await mkdtemp(`${scratch}/copy-`);
  await cp(`${FOLDERS}/${fixture}`, copy, { recursive: true });
  return copy;
}

async function failure(location: string): Promise<string> {
  const error = await openFolder(location).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  return (error as Error).message;
}

describe("folders that diffusers saved", () => {
  test("a model alone", async () => {
    const folder = await openFolder(`${FOLDERS}/model`);
    expect(folder.name).toBe("model");
    expect(folder.unetConfig).toMatchObject({ _class_name: "UNet2DModel", block_out_channels: [4] });
    expect(folder.unetConfigFile).toBe(`${FOLDERS}/model/config.json`);
    expect(folder).not.toHaveProperty("schedulerConfig");
    expect(folder).not.toHaveProperty("labels");
    expect(folder.checkpoint.tensors.get("conv_in.weight")?.shape).toEqual([4, 1, 3, 3]);
  });

  test("a pipeline with a variant in f16, a scheduler and labels", async () => {
    const folder = await openFolder(`${FOLDERS}/pipeline/`);
    expect(folder.name).toBe("pipeline");
    expect(folder.schedulerConfig).toMatchObject({ _class_name: "DDPMScheduler", num_train_timesteps: 100 });
    expect(folder.schedulerConfigFile).toBe(`${FOLDERS}/pipeline/scheduler/scheduler_config.json`);
    expect(folder.labels).toEqual({ labels: ["cat", "rabbit"], unconditional: 2, guidance: 2.5 });
    expect(folder.checkpoint.tensors.get("conv_in.weight")?.dtype).toBe("F16");
  });

  test("shards, the same numbers as in one file", async () => {
    const whole = await openFolder(`${FOLDERS}/model`);
    const sharded = await openFolder(`${FOLDERS}/sharded`);
    expect([...sharded.checkpoint.tensors.keys()].sort()).toEqual([...whole.checkpoint.tensors.keys()].sort());
    for (const name of whole.checkpoint.tensors.keys())
      expect(await sharded.checkpoint.read(name), name).toEqual(await whole.checkpoint.read(name));
  });

  test("a pipeline whose files all lie at the top, as google/ddpm-cifar10-32 has them", async () => {
    const copy = await copyOf("model");
    await cp(`${FOLDERS}/pipeline/model_index.json`, `${copy}/model_index.json`);
    await cp(`${FOLDERS}/pipeline/scheduler/scheduler_config.json`, `${copy}/scheduler_config.json`);
    const folder = await openFolder(copy);
    expect(folder.unetConfig).toMatchObject({ _class_name: "UNet2DModel" });
    expect(folder.schedulerConfig).toMatchObject({ _class_name: "DDPMScheduler" });
  });

  test("the whole file is preferred to its variant", async () => {
    const copy = await copyOf("model");
    await cp(
      `${FOLDERS}/pipeline/unet/diffusion_pytorch_model.fp16.safetensors`,
      `${copy}/diffusion_pytorch_model.fp16.safetensors`,
    );
    expect((await openFolder(copy)).checkpoint.tensors.get("conv_in.weight")?.dtype).toBe("F32");
  });
});

describe("locations", () => {
  test("an address, and a repository of the hub, with one request for each file", async () => {
    log.length = 0;
    const web = await openFolder(`${base}/pipeline?token=1#x`);
    const hub = await openFolder("hf:owner/pipeline", { hub: `${base}/hub` });
    for (const folder of [web, hub]) {
      expect(folder.name).toBe("pipeline");
      expect(folder.labels?.labels).toEqual(["cat", "rabbit"]);
      expect(await folder.checkpoint.read("conv_out.bias")).toHaveLength(1);
    }
    expect(log).toContain("/pipeline/unet/config.json?token=1");
    expect(log).toContain("/hub/owner/pipeline/resolve/main/unet/config.json");
    expect(new Set(log).size).toBe(log.length);
  });

  test("a file address", async () => {
    expect((await openFolder(pathToFileURL(`${FOLDERS}/model`).href)).name).toBe("model");
  });

  test("in a page, a relative address", async () => {
    vi.stubGlobal("document", { baseURI: `${base}/site/index.html` });
    expect((await openFolder("../model")).unetConfigFile).toBe(`${base}/model/config.json`);
    expect((await openFolder("/model/")).name).toBe("model");
  });

  test("in a worker, an address relative to the script", async () => {
    vi.stubGlobal("location", { href: `${base}/worker.js` });
    expect((await openFolder("model")).unetConfigFile).toBe(`${base}/model/config.json`);
  });

  test.each([
    "",
    "  ",
    "hf:",
    "hf:rabbit",
    "hf:a/b/c",
    "hf:../../etc",
    "hf:owner/..",
    "ftp://host/model",
    "http://",
    "hf:o/n?x",
    "file:///%zz",
  ])("%j can mean nothing", async (location) => {
    await expect(openFolder(location)).rejects.toThrow(InputError);
    await expect(openFolder(location)).rejects.toThrow(/^location: /);
  });
});

describe("what is not a model", () => {
  test.each(["/nowhere/at/all", "test", "package.json", `${FOLDERS}/model/${WEIGHTS}`])("%s", async (location) => {
    expect(await failure(location)).toContain(
      `${location}: must be a diffusers folder, got no config.json and no model_index.json. Give the folder that`,
    );
  });

  test("a missing address", async () => {
    expect(await failure(`${base}/nowhere`)).toContain("must be a diffusers folder, got no config.json");
  });

  test("a pipeline without a UNet", async () => {
    const copy = await copyOf("pipeline");
    await writeFile(`${copy}/model_index.json`, '{"_class_name": "DiTPipeline", "transformer": ["diffusers", "DiT"]}');
    expect(await failure(copy)).toBe(
      `${copy}/model_index.json: the pipeline must have a unet, got "DiTPipeline" of transformer`,
    );
  });

  test("a pipeline whose UNet is missing", async () => {
    const copy = await copyOf("pipeline");
    await rm(`${copy}/unet`, { recursive: true });
    expect(await failure(copy)).toContain("got no unet/config.json and no config.json");
  });

  test("no weights", async () => {
    const copy = await copyOf("model");
    await rm(`${copy}/${WEIGHTS}`);
    expect(await failure(copy)).toContain(`${copy}: must have weights, got none of ${WEIGHTS}, diffusion_pytorch`);
  });

  test("weights in a pickle only", async () => {
    const copy = await copyOf("model");
    await rename(`${copy}/${WEIGHTS}`, `${copy}/diffusion_pytorch_model.bin`);
    expect(await failure(copy)).toBe(
      `${copy}/diffusion_pytorch_model.bin: weights must be safetensors, got only a pickle, which is a program and is ` +
        "never run here. Convert it once in Python: from diffusers import UNet2DModel; " +
        `UNet2DModel.from_pretrained("${copy}").save_pretrained("converted")`,
    );
  });

  test.each([
    ["config.json", "{", "config.json: must be JSON"],
    ["config.json", "[]", "config.json: must be a JSON object, got []"],
    ["scheduler_config.json", '{"beta": NaN}', "scheduler_config.json: must be JSON, got NaN"],
    ["model_index.json", '{"unet": 1, "unet": 2}', 'model_index.json: names must be unique, got "unet" twice'],
    [WEIGHTS, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "or not a safetensors file"],
    ["labels.json", "{}", "labels.json: labels must be given, got nothing"],
    ["labels.json", '{"labels": ["a", "a"], "unconditional": 2}', 'labels must be unique, got "a" twice'],
    ["labels.json", '{"labels": ["a", 7], "unconditional": 2}', "labels[1] must be a string, got 7"],
    [
      "labels.json",
      '{"labels": ["a"], "unconditional": -1}',
      "unconditional must be an integer from 0 to 100000, got -1",
    ],
    [
      "labels.json",
      '{"labels": ["a"], "unconditional": 1, "guidance": "3"}',
      'guidance must be a number from 0 to 100, got "3"',
    ],
    ["labels.json", '{"labels": ["a"], "unconditional": 1, "guidence": 3}', "must have no other fields, got guidence"],
  ])("a broken %s: %s", async (file, text, message) => {
    const copy = await copyOf("model");
    await writeFile(`${copy}/${file}`, text);
    expect(await failure(copy)).toContain(message);
  });
});

describe("shards and index that disagree", () => {
  const INDEX = `${WEIGHTS}.index.json`;
  const shard = (k: number) => `diffusion_pytorch_model-0000${k}-of-00003.safetensors`;

  async function withMap(change: (map: Record<string, string>) => void): Promise<string> {
    const copy = await copyOf("sharded");
    const index = JSON.parse(await readFile(`${copy}/${INDEX}`, "utf8"));
    change(index.weight_map);
    await writeFile(`${copy}/${INDEX}`, JSON.stringify(index));
    return copy;
  }

  test("a missing shard", async () => {
    const copy = await copyOf("sharded");
    await rm(`${copy}/${shard(2)}`);
    expect(await failure(copy)).toBe(`${copy}/${INDEX}: all its shards must be there, got none at ${copy}/${shard(2)}`);
  });

  test("a tensor that its shard lacks", async () => {
    const copy = await withMap((map) => {
      map["conv_in.scale"] = shard(1);
    });
    expect(await failure(copy)).toBe(`${copy}/${shard(1)}: must have conv_in.scale, as ${copy}/${INDEX} says`);
  });

  test("a tensor that the index lacks", async () => {
    const copy = await withMap((map) => {
      delete map["conv_in.bias"];
    });
    expect(await failure(copy)).toContain(`must have only what ${copy}/${INDEX} puts into it, got also conv_in.bias`);
  });

  test("a shard cut short", async () => {
    const copy = await copyOf("sharded");
    const { size } = await stat(`${copy}/${shard(3)}`);
    await writeFile(`${copy}/${shard(3)}`, (await readFile(`${copy}/${shard(3)}`)).subarray(0, size - 1));
    expect(await failure(copy)).toContain(`${shard(3)}: the file must end with`);
  });

  test.each([
    "../model/x.safetensors",
    "/etc/x.safetensors",
    "..\\x.safetensors",
    "C:x.safetensors",
    "%2e%2e%2fx.safetensors",
    "https://host/x.safetensors",
    "x.bin",
    ".x.safetensors",
    "x.safetensors?y",
    "x\u0000.safetensors",
    "",
    "x\n.safetensors",
  ])("a shard named %j", async (name) => {
    const copy = await withMap((map) => {
      map["conv_in.bias"] = name;
    });
    expect(await failure(copy)).toContain("weight_map must name .safetensors files beside it, got");
  });

  test.each(['{"metadata": {}}', '{"weight_map": []}', '{"weight_map": {}}', '{"weight_map": {"a": 3}}'])(
    "the index %s",
    async (text) => {
      const copy = await copyOf("sharded");
      await writeFile(`${copy}/${INDEX}`, text);
      expect(await failure(copy)).toContain(`${copy}/${INDEX}: weight_map must`);
    },
  );

  test("an empty folder below does no harm", async () => {
    const copy = await copyOf("model");
    await mkdir(`${copy}/unet`);
    expect((await openFolder(copy)).name).toMatch(/^copy-/);
  });
});
