/**
 * Who takes part, and where: every peer in a process or a page of its own, so that none disturbs another's memory.
 *
 * onnxruntime-web 1.30.0's graph capture is left out: from the second run on it binds input buffers that it has let go
 * of, which is a wrong answer in Node and an exception in Chromium 147. Where the CPU is the device it gained little.
 */
import type { OnnxOptions } from "./onnx";

export type Where = "node" | "chromium";

export interface PeerDescription {
  readonly name: string;
  readonly where: readonly Where[];
  /** A page runs in Chromium, a script in Node; PyTorch in Python. `place` of a peer that does not need WebGPU is free. */
  readonly place: "host" | "node" | "python";
  /** How onnxruntime is set up, and which of its bundles; none for the engine and PyTorch. */
  readonly onnx?: OnnxOptions & { readonly package: "web" | "web-webgpu" | "node" };
}

const WEBGPU = { provider: "webgpu", threads: 1 } as const;
const BOTH = ["node", "chromium"] as const;

/** The first is what the others are measured against. */
export const PEERS: readonly PeerDescription[] = [
  { name: "unstatic", where: BOTH, place: "host" },
  {
    name: "ort-web-webgpu",
    where: BOTH,
    place: "host",
    onnx: { ...WEBGPU, package: "web-webgpu", onGpu: true },
  },
  {
    name: "ort-node-webgpu",
    where: ["node"],
    place: "node",
    onnx: { ...WEBGPU, package: "node", onGpu: false },
  },
  ...[1, 2].map((threads) => ({
    name: `ort-web-wasm-${threads}`,
    where: BOTH,
    place: "host" as const,
    onnx: { provider: "wasm" as const, threads, package: "web" as const, onGpu: false },
  })),
  {
    name: "ort-node-cpu",
    where: BOTH,
    place: "node",
    onnx: { provider: "cpu", threads: 2, package: "node", onGpu: false },
  },
  { name: "pytorch-cpu", where: BOTH, place: "python" },
];
