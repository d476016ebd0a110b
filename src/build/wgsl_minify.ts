/**
 * WGSL for pages: comments gone, names short. Lines stay where they are, so that a compiler's line numbers remain true.
 *
 * A name is the same in every file, since kernels and what they include are joined late: they are counted over all of
 * `shaders/` once, the most frequent becomes the shortest. Untouched are overrides and those consts that the host knows,
 * since a launch sets them by name, entry points, and whatever no shader declares: keywords, functions, types and values.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** WGSL's own words, some of which shaders declare, or seem to: renaming would reach both. */
const RESERVED = new Set(
  `abs acos all any array asin atan atan2 bitcast bool case ceil clamp const continue cos cross default determinant
  distance dot else enable exp exp2 f16 f32 false floor fma fn for fract function i32 if inverseSqrt length let log log2
  loop max min mix mod override pack2x16float position pow private read read_write requires return round select sign sin
  sqrt step storage struct switch tan tanh transpose true trunc u32 uniform unpack2x16float unpack4x8snorm var while
  workgroup write`.split(/\s+/),
);

/** Two letters that would not be a name. */
const KEYWORDS = ["as", "do", "fn", "if", "in", "is", "of", "or"];

/** Declarations, parameters and members. */
const DECLARED = /\b(?:let|var(?:<[^>]*>)?|const|fn|struct|alias)\s+(\w+)|\b(\w+)\s*:/g;

export type Minify = (wgsl: string) => string;

export function wgslMinifier(): Minify {
  const text = filesOf("shaders", ".wgsl").map(withoutComments).join("\n");
  const host = new Set(filesOf("src/kernels", ".ts").flatMap((code) => code.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []));
  const overrides = new Set([...text.matchAll(/\boverride (\w+)/g)].map(([, name]) => name!));
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(/\b[A-Za-z_]\w*/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const declared = new Set([...text.matchAll(DECLARED)].map((match) => (match[1] ?? match[2])!));
  const names = [...declared]
    .filter((name) => name.length > 2 && !RESERVED.has(name) && !host.has(name) && !overrides.has(name))
    .filter((name) => !/^(main|corner|[0-9].*|[xyzwrgba]{3,4})$/.test(name))
    .sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
  const free = shortNames(counts);
  const short = new Map(names.map((name) => [name, free.next().value!]));
  return (wgsl) =>
    withoutComments(wgsl)
      .replace(/@builtin\(\w+\)|@?\b[A-Za-z_]\w*/g, (word) => short.get(word) ?? word)
      // Not in lines that a launch changes and looks for as they are written; not around "-", since "--" is a token.
      .replace(/^(?!const|override).*$/gm, (line) => line.replace(/ ?([,;:{}()*+/<>=!&|]+) ?/g, "$1"));
}

function filesOf(folder: string, ending: string): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(ending)).map((file) => readFileSync(join(ROOT, folder, file), "utf8"));
}

function withoutComments(wgsl: string): string {
  return wgsl.replace(/[ \t]*\/\/.*$/gm, "").replace(/^[ \t]+/gm, "");
}

/** Names of two letters that no shader has. */
function* shortNames(taken: ReadonlyMap<string, unknown>): Generator<string> {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  for (const first of letters + letters.toUpperCase()) {
    for (const second of letters) {
      if (!taken.has(first + second) && !KEYWORDS.includes(first + second)) yield first + second;
    }
  }
}
