/**
 * What the elements of a page have in common: one device, one copy of each model, and whose turn it is.
 *
 * A model lives as long as some element leases it, and a little longer: pages replace elements more often than they
 * give a model up. The engine itself is fetched with the first lease, so that a picture further down costs little.
 */
import type { Device, Model } from "../index";
import { orAborted } from "./abort";
import type { DeviceChoice } from "./attributes";

/** A model as far as an element needs it; on the CPU path it lives in a worker. */
export interface DrawingModel extends Pick<Model, "size" | "denoise" | "destroy"> {
  readonly isOnCpu?: true;
}

/** Hears how far a model's loading or compiling is. */
export type ProgressListener = (phase: "load" | "compile", done: number, total: number) => void;

/** A share in a model. Whoever holds it must release it once. */
export interface Lease {
  readonly src: string;
  readonly device: DeviceChoice;
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

/** The model at `src`, an address (relative to the page) or `hf:owner/name`; loaded by the first who asks. */
export function leaseModel(src: string, device: DeviceChoice, listener: ProgressListener): Lease {
  const address = src.startsWith("hf:") ? src : new URL(src, document.baseURI).href;
  const key = `${device} ${address}`;
  const shared = models.get(key) ?? share(key, address, device);
  clearTimeout(shared.retirement);
  shared.listeners.add(listener);
  return {
    src,
    device,
    model: shared.model,
    release: () => {
      shared.listeners.delete(listener);
      if (shared.listeners.size > 0) return;
      shared.retirement = setTimeout(() => retire(key, shared), GRACE_MS);
    },
  };
}

/** Whether the page can have a device at all. */
export async function isSupported(): Promise<boolean> {
  return sharedDevice().then(
    () => true,
    () => false,
  );
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

function share(key: string, address: string, device: DeviceChoice): Shared {
  const listeners = new Set<ProgressListener>();
  const onProgress: ProgressListener = (...news) => {
    for (const listener of listeners) listener(...news);
  };
  const loading = new AbortController();
  const shared = { model: load(address, device, onProgress, loading.signal), listeners, loading };
  models.set(key, shared);
  // A failure is not kept: the next who asks tries again.
  shared.model.catch(() => forget(key, shared));
  return shared;
}

async function load(
  address: string,
  device: DeviceChoice,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<DrawingModel> {
  const { fetchCpuPath, load } = await import("../engine");
  if (device === "cpu" || (device === "auto" && !(await isSupported()))) {
    const { loadInWorker } = await fetchCpuPath();
    return loadInWorker(address, { onProgress });
  }
  await sharedDevice(); // without one there is no point in downloading anything
  return load(address, { device: sharedDevice, onProgress, signal });
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
