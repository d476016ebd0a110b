/** From the name of a folder to a model whose weights are on the GPU. */
import { type Folder, openFolder } from "../checkpoint/folder";
import { HUB } from "../checkpoint/place";
import { fetchRareLayers } from "../models/rare_layers";
import { parseUNet2DConfig } from "../models/unet_2d_config";
import { fetchSampler, schedulerFromConfig } from "../schedulers/registry";
import type { ModelDescription } from "./description";
import { type LoadOptions, Model, release } from "./model";

/**
 * Loads a diffusers folder: a local path (Node), an address, or `hf:owner/name`.
 * @throws CheckpointError for a folder, configuration or weights file that is not what it must be; DeviceError without WebGPU.
 */
export async function load(location: string, options: LoadOptions = {}): Promise<Model> {
  const start = performance.now();
  const { signal, hub = HUB } = options;
  signal?.throwIfAborted();
  let model: Model | undefined;
  // Once loaded, the model may read again on its own account: what ends the loading must not end that.
  const loading = new AbortController();
  const abort = () => {
    loading.abort(signal!.reason);
    model?.destroy();
  };
  signal?.addEventListener("abort", abort);
  try {
    model = await modelOf(await openFolder(location, { hub, signal: loading.signal }), options);
    await model.warm();
    model.loadMs = performance.now() - start;
    return model;
  } catch (error) {
    model?.destroy();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Describes a diffusers folder without a device: configurations and the weights' headers are read and compared. */
export async function describeFolder(location: string): Promise<ModelDescription> {
  const folder = await openFolder(location);
  const description = (await modelOf(folder, {})).describe();
  const { matchCheckpoint } = await import("../models/match_checkpoint");
  matchCheckpoint(new Map(description.tensors.map(({ name, shape }) => [name, shape])), folder.checkpoint);
  await release(folder);
  return description;
}

async function modelOf(folder: Folder, options: LoadOptions): Promise<Model> {
  const config = parseUNet2DConfig(folder.unetConfig, folder.unetConfigFile);
  const { schedulerConfig = { _class_name: "DDPMScheduler" } } = folder;
  await fetchSampler(schedulerConfig._class_name);
  await fetchRareLayers(config);
  return new Model(folder, config, schedulerFromConfig(schedulerConfig), options);
}
