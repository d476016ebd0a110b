/**
 * WGSL for pages: comments gone, names short. Lines stay where they are, so that a compiler's line numbers remain true.
 *
 * A name becomes the same in every file, since kernels and what they include are joined late. The most frequent choose
 * first, each the shortest name that no other has in any program where the two meet. Untouched are overrides and those
 * consts that the host knows, since a launch sets them by name, entry points, and whatever no shader declares: keywords,
 * functions, types and values.
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

/** Names that stay: entry points, numbers, and what may be a vector's components. */
const FIXED = /^(main|corner|[0-9].*|[xyzwrgba]{1,4})$/;

/** Names of one and two letters, without what is a word of WGSL or a vector's components. */
const CANDIDATES = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]
  .flatMap((first, _, letters) => [first, ...letters.slice(0, 26).map((second) => first + second)])
  .filter((name) => !FIXED.test(name) && !/^(as|do|fn|if|in|is|of|or)$/.test(name))
  .sort((a, b) => a.length - b.length);

/** Declarations, parameters and members. */
const DECLARED = /\b(?:let|var(?:<[^>]*>)?|const|fn|struct|alias)\s+(\w+)|\b(\w+)\s*:/g;

export type Minify = (wgsl: string) => string;

export function wgslMinifier(): Minify {
  const files = new Map([...filesOf("shaders", ".wgsl"), ...filesOf("src/bench", ".wgsl")]);
  const text = [...files.values()].map(withoutComments).join("\n");
  const host = new Set(filesOf("src/kernels", ".ts").flatMap(([, code]) => code.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []));
  for (const [, name] of text.matchAll(/\boverride (\w+)/g)) host.add(name!);
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const declared = new Set([...text.matchAll(DECLARED)].map((match) => (match[1] ?? match[2])!));
  const names = [...declared]
    .filter((name) => !RESERVED.has(name) && !host.has(name) && !FIXED.test(name))
    .sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
  const short = shortNames(names, programsOf(files));
  return (wgsl) =>
    withoutComments(wgsl)
      .replace(/@builtin\(\w+\)|@?\b[A-Za-z_]\w*/g, (word) => short.get(word) ?? word)
      // Not in lines that a launch changes and looks for as they are written; not between "-", since "--" is a token.
      .replace(/^(?!const|override).*$/gm, (line) =>
        line.replace(/ ?([,;:{}()*+/<>=!&|%]+) ?/g, "$1").replace(/ ?- (?!-)/g, "-"),
      );
}

function filesOf(folder: string, ending: string): [name: string, text: string][] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(ending))
    .map((file) => [file, readFileSync(join(ROOT, folder, file), "utf8")]);
}

function withoutComments(wgsl: string): string {
  return wgsl.replace(/[ \t]*\/\/.*$/gm, "").replace(/^[ \t]+/gm, "");
}

function wordsOf(wgsl: string): string[] {
  return wgsl.match(/\b[A-Za-z_]\w*/g) ?? [];
}

/** The words of every program: a kernel, what it includes, and what may be put in the place of that or behind it. */
function programsOf(files: ReadonlyMap<string, string>): Set<string>[] {
  const libraries = [...files].filter(([name]) => name.startsWith("lib/"));
  const other = libraries.filter(([, text]) => /^\/\/ (?:Replaces|Appended) /m.test(text)).map(([name]) => name);
  return [...files]
    .filter(([name]) => !name.startsWith("lib/"))
    .map(([name, text]) => {
      const included = /^\/\/ Include\s+(.*)$/m.exec(text)?.[1]?.match(/[\w/.]+/g) ?? [];
      return new Set([name, ...included, ...other].flatMap((file) => wordsOf(withoutComments(files.get(file)!))));
    });
}

function shortNames(names: readonly string[], programs: readonly ReadonlySet<string>[]): Map<string, string> {
  const short = new Map<string, string>();
  const isRenamed = new Set(names);
  // Per program the words that it keeps and the short names given so far.
  const taken = programs.map((words) => new Set([...words].filter((word) => !isRenamed.has(word))));
  for (const name of names) {
    const around = taken.filter((_, i) => programs[i]!.has(name));
    const free = CANDIDATES.find((candidate) => around.every((words) => !words.has(candidate)));
    if (free === undefined) throw new Error(`wgsl: more than ${CANDIDATES.length} names in one program`);
    short.set(name, free);
    for (const words of around) words.add(free);
  }
  return short;
}
