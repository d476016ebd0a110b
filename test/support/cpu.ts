/** Setup of the tests' CPU project: the page's WebGPU is the CPU path, which every test then runs on. */
import { cpu } from "../../src/cpu";

Object.defineProperty(globalThis.navigator ?? Object.assign(globalThis, { navigator: {} }).navigator, "gpu", {
  value: cpu(),
});
