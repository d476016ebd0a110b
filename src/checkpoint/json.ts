/**
 * JSON from files that nobody vouches for: headers, indices, configurations.
 *
 * Stricter than JSON.parse where that is silent: a name given twice in one object is an error (JSON.parse takes the last,
 * other readers the first, so the two would load different models), and so are deep nesting and broken UTF-8.
 * Names such as `__proto__` become ordinary own properties; read them with Object.hasOwn and Object.entries.
 */

import { CheckpointError, check } from "../tensor/check";
import type { ByteSource } from "./byte_source";

/** A JSON object of which nothing but that is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Real configurations take a few kilobytes, an index of shards some hundred. */
const JSON_BYTES_MAX = 16 * 2 ** 20;

/** Real files nest four deep. A hundred megabytes of "[" would otherwise take gigabytes before they fail. */
const DEPTH_MAX = 64;

export interface JsonOptions {
  /**
   * Field values Infinity and -Infinity are read as strings: diffusers writes them into the configurations of its
   * DPM-Solvers (`"lambda_min_clipped": -Infinity`), where they are meant.
   */
  readonly allowInfinity?: boolean;
}

/** Reads all of `source` as one JSON object. */
export async function readJsonObject(source: ByteSource, options: JsonOptions = {}): Promise<JsonObject> {
  const size = await source.size();
  check(
    size <= JSON_BYTES_MAX,
    () => `${source.name}: a JSON file must have at most ${JSON_BYTES_MAX} bytes, got ${size}`,
    CheckpointError,
  );
  return parseJsonObject(await source.read(0, size), source.name, options);
}

/** Parses UTF-8 `bytes` as one JSON object. `where` begins every message. */
export function parseJsonObject(bytes: Uint8Array, where: string, options: JsonOptions = {}): JsonObject {
  const given = decodeUtf8(bytes, where);
  const text = options.allowInfinity ? given.replace(/("\s*:\s*)(-?Infinity)(?=\s*[,}])/g, '$1"$2"') : given;
  scan(text, where);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(`${where}: must be JSON, got ${nonNumber(text) ?? (error as Error).message}`, {
      cause: error,
    });
  }
  check(isJsonObject(json), () => `${where}: must be a JSON object, got ${describe(json)}`, CheckpointError);
  return json;
}

/** Whether a parsed value is an object, not null, not an array. */
export function isJsonObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** A value from a file as a message shows it: short, on one line, whatever it is. */
export function describe(json: unknown): string {
  // JSON.stringify would show the Infinity that 1e999 parses to as null.
  const text = typeof json === "number" ? String(json) : (JSON.stringify(json) ?? "nothing");
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CheckpointError(`${where}: must be UTF-8 text, got other bytes`, { cause: error });
  }
}

/**
 * One pass over JSON text that throws for names given twice and for deep nesting. It follows only strings and brackets;
 * what else is wrong with the text is left to JSON.parse, which must run after it.
 */
function scan(text: string, where: string): void {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{" || character === "[") {
      open.push(character === "{" ? new Set() : null);
      check(open.length <= DEPTH_MAX, () => `${where}: JSON must nest at most ${DEPTH_MAX} deep`, CheckpointError);
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (names && isName(text, end)) {
        const name = unquote(text.slice(at, end));
        check(!names.has(name), () => `${where}: names must be unique, got ${describe(name)} twice`, CheckpointError);
        names.add(name);
      }
      at = end - 1;
    }
  }
}

/** The position after the closing quote of the string that begins at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function isName(text: string, afterString: number): boolean {
  let at = afterString;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return text[at] === ":";
}

/** "\u0061" and "a" are the same name. A string that is no JSON stays as it is: JSON.parse will refuse it. */
function unquote(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted);
  } catch {
    return quoted;
  }
}

/** Python's json writes NaN and Infinity, which are no JSON; JSON.parse only reports an unexpected letter. */
function nonNumber(text: string): string | undefined {
  const match = /[:[,]\s*(NaN|-?Infinity)\s*[,\]}]/.exec(text);
  return match ? `${match[1]}. Python writes it, but JSON has no such number: put null or a finite one` : undefined;
}
