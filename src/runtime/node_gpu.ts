/** WebGPU in Node: Dawn, from the package `webgpu`. Pages have their own, so that this file is fetched by none. */
import { DeviceError } from "../tensor/check";

export async function createNodeGpu(): Promise<GPU> {
  const { create, globals } = await importNodePackage().catch((cause: Error) => {
    throw new DeviceError(`in Node, WebGPU comes from the package 'webgpu' (npm install webgpu): ${cause.message}`);
  });
  Object.assign(globalThis, globals);
  return create([
    "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia",
    "disable-dawn-features=timestamp_quantization",
  ]);
}

/** Held in a constant of the module, which no minifier folds back: bundlers for pages would look for the package. */
const NODE_PACKAGE = "webgpu";

function importNodePackage(): Promise<typeof import("webgpu")> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ NODE_PACKAGE);
}
