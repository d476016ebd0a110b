/** A WGSL kernel as plain data: its text and what reflection read off it at build time. */

/** How a kernel uses one of its buffers. */
export interface Binding {
  readonly index: number;
  readonly access: "uniform" | "read" | "read_write";
}

/** The byte layout of a kernel's `Params` struct (WGSL's uniform layout rules). */
export interface Params {
  readonly bytes: number;
  readonly fields: Readonly<Record<string, { readonly offset: number; readonly type: string }>>;
}

/** One file of `shaders/`: one kernel with the entry point `main`. */
export interface Shader {
  readonly name: string;
  readonly code: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly params: Params;
  readonly overrides: readonly string[];
}
