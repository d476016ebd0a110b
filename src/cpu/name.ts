/** What reports, receipts and pages call the adapter whose kernels are TypeScript. It cannot run WGSL. */
export const CPU_NAME = "CPU (TypeScript)";
