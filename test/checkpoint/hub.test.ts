/** `hf:owner/name`, against a server that behaves like the hub. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { load } from "../../src/sampler/load";
import { CheckpointError, InputError } from "../../src/tensor/check";
import { type Hub, serveHub } from "../support/hub";

const FOLDER = join(import.meta.dirname, "../../weights/doodle");
const WEIGHTS = "unet/diffusion_pytorch_model.safetensors";
const REPOSITORY = "hf:owner/doodle";

let hub: Hub;
let size = 0;
beforeAll(async () => {
  hub = await serveHub(FOLDER);
  size = (await stat(join(FOLDER, WEIGHTS))).size;
});
beforeEach(() => {
  hub.requests.length = 0;
  hub.breaks.length = 0;
  hub.hold = undefined;
});
afterAll(() => hub?.close());

const ofStore = () => hub.requests.filter((line) => line.startsWith("/store/"));

test("loads, follows the redirect, tells bytes, and is the file that was vouched for", async () => {
  const heard: [done: number, total: number][] = [];
  const sha256 = createHash("sha256")
    .update(await readFile(join(FOLDER, WEIGHTS)))
    .digest("hex");
  const model = await load(REPOSITORY, {
    hub: hub.address,
    sha256,
    onProgress: (phase, done, total) => phase === "load" && heard.push([done, total]),
  });
  expect(model.name).toBe("doodle");
  expect(model.labels).toContain("rabbit");
  expect(ofStore()).toEqual([`/store/${WEIGHTS} whole`]);
  const [, total] = heard[0]!;
  expect(total).toBeGreaterThan(0.98 * size); // all but the header
  expect(total).toBeLessThan(size);
  expect(heard.at(-1)).toEqual([total, total]);
  expect(heard.every(([done], i) => done >= (heard[i - 1]?.[0] ?? 0))).toBe(true);
  model.destroy();
});

test("tensors are uploaded while later ones are still on their way", async () => {
  let go = () => {};
  hub.hold = {
    bytes: Math.floor(size / 2),
    go: new Promise((resolve) => {
      go = resolve;
    }),
  };
  let share = 0;
  const loading = load(REPOSITORY, {
    hub: hub.address,
    onProgress: (phase, done, total) => {
      if (phase !== "load") return;
      share = done / total;
      // The server sends the second half only once most of the first is on the GPU.
      if (share > 0.4) go();
    },
  });
  (await loading).destroy();
  expect(share).toBe(1);
});

test("a connection that breaks at half, and again: only the rest is fetched, from the same signed place anew", async () => {
  const half = Math.floor(size / 2);
  hub.breaks.push(half, 1000);
  const model = await load(REPOSITORY, { hub: hub.address });
  const from = ofStore().map((line) => Number(/bytes=(\d+)-$/.exec(line)?.[1] ?? 0));
  expect(from).toHaveLength(3);
  expect(from[0]).toBe(0);
  expect(from[1]).toBe(half);
  expect(from[2]).toBe(half + 1000);
  model.destroy();
});

test("a wrong digest is an error that names the file", async () => {
  const wrong = load(REPOSITORY, { hub: hub.address, sha256: "0".repeat(64) });
  await expect(wrong).rejects.toThrow(/diffusion_pytorch_model\.safetensors: SHA-256 must be 0{64}, got [0-9a-f]{64}$/);
  await expect(wrong).rejects.toBeInstanceOf(CheckpointError);
  await expect(load(REPOSITORY, { hub: hub.address, sha256: "abc" })).rejects.toBeInstanceOf(InputError);
});

test("a signal ends the loading at any time, with its own reason", async () => {
  await expect(load(REPOSITORY, { hub: hub.address, signal: AbortSignal.abort("no") })).rejects.toBe("no");
  expect(hub.requests).toEqual([]);
  const leaving = new AbortController();
  hub.hold = { bytes: Math.floor(size / 2), go: new Promise(() => {}) }; // the rest never comes
  const loading = load(REPOSITORY, {
    hub: hub.address,
    signal: leaving.signal,
    onProgress: (phase, done) => phase === "load" && done > 0 && leaving.abort(new Error("enough")),
  });
  await expect(loading).rejects.toThrow("enough");
});

test("a repository that is private or misspelt is said to be", async () => {
  await expect(load("hf:owner/other", { hub: hub.address })).rejects.toThrow(
    /got HTTP status 401 Unauthorized\. It may be private, gated or misspelt/,
  );
});
