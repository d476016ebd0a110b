/** What a kernel in TypeScript is given: the memory behind each binding and the numbers of its launch, by their names. */
export interface Launch<
  Binding extends string = string,
  Param extends string = string,
  Constant extends string = string,
> {
  /** Each binding's memory as f32 numbers. */
  readonly f32: Readonly<Record<Binding, Float32Array>>;
  /** The same memory as u32 words. */
  readonly u32: Readonly<Record<Binding, Uint32Array>>;
  /** The fields of the shader's `Params`. */
  readonly params: Readonly<Record<Param, number>>;
  /** The shader's overrides; a boolean is 0 or 1. */
  readonly constants: Readonly<Record<Constant, number>>;
  readonly workgroups: readonly [x: number, y: number, z: number];
}

/** All invocations of a dispatch, one after the other. Declared as a method, so that each kernel may name its own fields. */
export interface Kernel {
  run(launch: Launch): void;
}
