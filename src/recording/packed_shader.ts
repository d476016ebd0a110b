/**
 * A shader in few words, as builds write it down: pages hold some thirty of them.
 *
 *   bindings   "=params x w >y": by their numbers from 0 on; "=" is a uniform, ">" also written
 *   fields     "columns -top .eps": scalars one after the other; "-" is an i32, "." an f32, all others u32
 */
import type { Binding, Shader } from "./shader";

const ACCESS: Readonly<Record<string, Binding["access"]>> = { "=": "uniform", ">": "read_write" };
const TYPES: Readonly<Record<string, string>> = { "-": "i32", ".": "f32" };

export function unpackShader(
  code: string,
  name: string,
  bindings: string,
  fields: string,
  overrides: string,
  fetchCode?: () => Promise<string>,
): Shader {
  const layout = wordsOf(fields).map((word, i) => {
    const type = TYPES[word[0]!];
    return [type ? word.slice(1) : word, { offset: 4 * i, type: type ?? "u32" }] as const;
  });
  return {
    name,
    code,
    ...(fetchCode && { fetchCode }),
    bindings: Object.fromEntries(wordsOf(bindings).map(bindingOf)),
    params: { bytes: 16 * Math.ceil(layout.length / 4), fields: Object.fromEntries(layout) },
    overrides: wordsOf(overrides),
  };
}

function bindingOf(word: string, index: number): [name: string, Binding] {
  const access = ACCESS[word[0]!];
  return [access ? word.slice(1) : word, { index, access: access ?? "read" }];
}

function wordsOf(text: string): string[] {
  return text ? text.split(" ") : [];
}
