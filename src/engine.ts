/** The part of the public surface that drawing needs: what `<unstatic-image>` fetches with its first picture. */
export { openDevice } from "./runtime/device";
export { load } from "./sampler/load";

/** Where there is no WebGPU: the CPU path in a worker, which pages with WebGPU never fetch. */
export const fetchCpuPath = () => import("./worker/remote_model");
