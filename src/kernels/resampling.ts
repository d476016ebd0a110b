/** Kernels of ResNets that change the size of what they read: one file, fetched with the first model that has some. */
export { avgPool } from "./avg_pool";
export { resize } from "./resize";
