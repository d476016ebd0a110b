/** A peer in a page of its own; the test driver calls `window.peer`. */
import { openOnnx, type Runtime } from "./onnx";
import { PEERS } from "./peers";
import { type Case, firstAnswer, type Opened, type Stepper, timeSteps } from "./stepper";
import { openUnstatic } from "./unstatic";

export interface PagePeer {
  /** @param bundles the address of onnxruntime-web's files */
  open(name: string, work: Case, bundles: string): Promise<Opened>;
  time(count: number): Promise<number[]>;
}

const FILES = { web: "ort.wasm.bundle.min.mjs", "web-webgpu": "ort.webgpu.bundle.min.mjs" };

let peer: Stepper;

const page: PagePeer = {
  open: async (name, work, bundles) => {
    const { stepper, opened } = await firstAnswer(() => openPeer(name, work, bundles));
    peer = stepper;
    return opened;
  },
  time: (count) => timeSteps(peer, count),
};
Object.assign(window, { peer: page });

async function openPeer(name: string, work: Case, bundles: string): Promise<Stepper> {
  const { onnx } = PEERS.find((description) => description.name === name)!;
  if (!onnx || onnx.package === "node") return openUnstatic(work);
  const runtime: Runtime = await import(/* @vite-ignore */ `${bundles}${FILES[onnx.package]}`);
  runtime.env.wasm.wasmPaths = bundles;
  const response = await fetch(work.onnx);
  return openOnnx(runtime, onnx, work, new Uint8Array(await response.arrayBuffer()));
}
