/** Kernels around the network that few loops have: one file, fetched with the first of them. */
export { addNoise } from "./add_noise";
export { guidanceRescale } from "./guidance_rescale";
export { inpaint } from "./inpaint";
export { loadNoise } from "./load_noise";
export { threshold } from "./threshold";
