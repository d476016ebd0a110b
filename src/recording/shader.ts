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
  /** Empty until it is fetched, where few programs hold the kernel. */
  readonly code: string;
  readonly fetchCode?: () => Promise<string>;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly params: Params;
  readonly overrides: readonly string[];
}

/** Fetches the texts that are not there yet, for all to see. */
export async function fetchCode(shaders: Iterable<Shader>): Promise<void> {
  const late = [...new Set(shaders)].filter(({ code, fetchCode }) => code === "" && fetchCode);
  await Promise.all(
    late.map(async (shader) => {
      (shader as { code: string }).code = await shader.fetchCode!();
    }),
  );
}
