/**
 * What the elements of a page have in common: one device, one copy of each model, and whose turn it is.
 *
 * A model lives as long as some element leases it, and a little longer: pages replace elements more often than they
 * give a model up. The engine itself is fetched with the first lease, so that a picture further down costs little.
 */
import type { Device, Model } from "../index";
import { orAborted } from "./abort";
import type { ImageAttributes } from "./attributes";

/** A model as far as an element needs it; it may live in a worker. */
export interface DrawingModel extends Pick<Model, "size" | "denoise" | "destroy"> {
  readonly isOnCpu?: boolean;
}

/** What of an element says which model it needs. */
type Wanted = Pick<ImageAttributes, "src" | "device" | "worker">;

/** Hears how far a model's loading or compiling is. */
export type ProgressListener = (phase: "load" | "compile", done: number, total: number) => void;

/** A share in a model. Whoever holds it must release it once. */
export interface Lease {
  readonly key: string;
  readonly model: Promise<DrawingModel>;
  release(): void;
}

interface Shared {
  readonly model: Promise<DrawingModel>;
  readonly listeners: Set<ProgressListener>;
  /** Ends a loading that nobody waits for any more. */
  readonly loading: AbortController;
  retirement?: ReturnType<typeof setTimeout>;
}

/** How long a model that nobody leases is kept. */
const GRACE_MS = 3_000;

const models = new Map<string, Shared>();
let device: Promise<Device> | undefined;
let lastTurn: Promise<unknown> = Promise.resolve();

/** What those have in common who can share a model. */
export function keyOf({ src, device, worker }: Wanted): string {
  return `${device} ${worker} ${addressOf(src)}`;
}

/** The model at `src`, an address (relative to the page) or `hf:owner/name`; loaded by the first who asks. */
export function leaseModel(wanted: Wanted, listener: ProgressListener): Lease {
  const key = keyOf(wanted);
  const shared = models.get(key) ?? share(key, wanted);
  clearTimeout(shared.retirement);
  shared.listeners.add(listener);
  return {
    key,
    model: shared.model,
    release: () => {
      shared.listeners.delete(listener);
      if (shared.listeners.size > 0) return;
      shared.retirement = setTimeout(() => retire(key, shared), GRACE_MS);
    },
  };
}

/** Runs `work` when all that were asked for earlier are done: two runs at once would both stutter. */
export async function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const before = lastTurn;
  let end = () => {};
  const turn = new Promise<void>((resolve) => {
    end = resolve;
  });
  lastTurn = before.then(() => turn);
  try {
    await orAborted(before, signal);
    return await work();
  } finally {
    end();
  }
}

function share(key: string, wanted: Wanted): Shared {
  const listeners = new Set<ProgressListener>();
  const onProgress: ProgressListener = (...news) => {
    for (const listener of listeners) listener(...news);
  };
  const loading = new AbortController();
  const shared = { model: load(wanted, onProgress, loading.signal), listeners, loading };
  models.set(key, shared);
  // A failure is not kept: the next who asks tries again.
  shared.model.catch(() => forget(key, shared));
  return shared;
}

async function load(
  { src, device, worker }: Wanted,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<DrawingModel> {
  const address = addressOf(src);
  if (!worker && device !== "cpu") {
    try {
      await sharedDevice(); // without one there is no point in downloading anything
      const { load } = await import("../engine");
      return await load(address, { device: sharedDevice, onProgress, signal });
    } catch (error) {
      if (device === "gpu" || (error as Error).name !== "UnsupportedError") throw error;
    }
  }
  const { loadInWorker } = await import("../worker/remote_model");
  return loadInWorker(address, { device: worker ? device : "cpu", onProgress, signal });
}

function addressOf(src: string): string {
  return src.startsWith("hf:") ? src : new URL(src, document.baseURI).href;
}

/** The page's device; a new one where the last was lost. */
async function sharedDevice(): Promise<Device> {
  const { openDevice } = await import("../engine");
  const known = device;
  const current = await known?.catch(() => undefined);
  if (current?.isAlive) return current;
  // Of several that wait here the first opens a device; the others find it.
  if (device === known) {
    current?.destroy();
    device = openDevice();
  }
  return device!;
}

async function retire(key: string, shared: Shared): Promise<void> {
  forget(key, shared);
  shared.loading.abort();
  const model = await shared.model.catch(() => undefined);
  model?.destroy();
  if (models.size > 0) return;
  const last = device;
  device = undefined;
  (await last?.catch(() => undefined))?.destroy();
}

function forget(key: string, shared: Shared): void {
  if (models.get(key) === shared) models.delete(key);
}
