/** A peer in a Node process of its own; the parent asks over the process channel. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { openOnnx, type Runtime } from "./onnx";
import { PEERS } from "./peers";
import { type Case, firstAnswer, type Stepper, timeSteps } from "./stepper";
import { openUnstatic } from "./unstatic";

const require = createRequire(import.meta.url);
const RUNTIMES = {
  web: (): Runtime => require("onnxruntime-web"),
  node: (): Runtime => require("onnxruntime-node"),
  // For pages, and so in no export that Node would find.
  "web-webgpu": (): Promise<Runtime> =>
    import(/* @vite-ignore */ join(import.meta.dirname, "node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs")),
};

/** @param args the peer's name and the case as JSON */
export async function main([name, json]: readonly string[]): Promise<number> {
  const work = JSON.parse(json!) as Case;
  const { stepper, opened } = await firstAnswer(() => openPeer(name!, work));
  process.send!(opened);
  await new Promise<void>((resolve) => {
    process.on("message", async (count: number) => {
      if (count === 0) return resolve();
      process.send!(await timeSteps(stepper, count));
    });
    process.on("disconnect", resolve);
  });
  await stepper.close();
  // Dawn and onnxruntime keep threads that would hold the process open.
  process.exit(0);
}

async function openPeer(name: string, work: Case): Promise<Stepper> {
  const { onnx } = PEERS.find((peer) => peer.name === name)!;
  if (!onnx) return openUnstatic(work);
  if (onnx.package === "web-webgpu") await giveWebGpu();
  return openOnnx(await RUNTIMES[onnx.package](), onnx, work, await readFile(work.onnx));
}

/** onnxruntime-web's WebGPU provider asks the page's navigator: in Node, Dawn stands in for it. */
async function giveWebGpu(): Promise<void> {
  const { create, globals } = require("webgpu") as typeof import("webgpu");
  Object.assign(globalThis, globals);
  const gpu = create(["enable-dawn-features=allow_unsafe_apis"]);
  const navigator = { gpu, userAgent: "Node", hardwareConcurrency: 2 };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  // Dawn for Node refuses to write from shared memory, which is where the WebAssembly module's heap lies.
  const { writeBuffer } = GPUQueue.prototype;
  GPUQueue.prototype.writeBuffer = function (buffer, offset, data, start = 0, size) {
    const view = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    const unit = ArrayBuffer.isView(data) && "BYTES_PER_ELEMENT" in data ? (data.BYTES_PER_ELEMENT as number) : 1;
    const end = size === undefined ? view.byteLength : (start + size) * unit;
    return writeBuffer.call(this, buffer, offset, new Uint8Array(view.subarray(start * unit, end)));
  };
}
