/** Kernels of layers that few models have: one file, fetched with the first model that has some. */
export { avgPool } from "./avg_pool";
export { fourierEmbedding } from "./fourier_embedding";
export { rescale } from "./rescale";
export { resize } from "./resize";
