/** Command-line options: parsed by Node, read as the types that commands want, refused by name. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/** A command line that cannot be meant: printed with a hint to --help, exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

export type OptionTypes = NonNullable<ParseArgsConfig["options"]>;

export class Options {
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(args: readonly string[], types: OptionTypes, maxPositionals: number) {
    try {
      // Node takes "--seed -1" for a missing value; the joined form says what was meant.
      const parsed = parseArgs({ args: joinNegative(args), options: types, allowPositionals: true });
      this.positionals = parsed.positionals;
      this.#values = parsed.values;
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    if (this.positionals.length > maxPositionals) {
      throw new UsageError(`expected at most ${maxPositionals} argument(s), got '${this.positionals.join("' '")}'`);
    }
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value))
      throw new UsageError(`--${name} must be a number, got '${text}'`);
    return value;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.number(name);
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max)) {
      throw new UsageError(`--${name} must be an integer from ${min} to ${max}, got '${this.text(name)}'`);
    }
    return value;
  }

  /** A 64-bit seed. */
  seed(name: string): bigint | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,20}$/.test(text)) throw new UsageError(`--${name} must be an integer, got '${text}'`);
    return BigInt.asUintN(64, BigInt(text));
  }

  /** `4x3`: columns and rows. */
  grid(name: string): readonly [columns: number, rows: number] | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const match = /^([1-9]\d?)x([1-9]\d?)$/.exec(text);
    if (!match) throw new UsageError(`--${name} must be columns x rows such as 4x4, got '${text}'`);
    return [Number(match[1]), Number(match[2])];
  }
}

function joinNegative(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    if (/^-\d/.test(arg) && last?.startsWith("--") && !last.includes("=")) joined[joined.length - 1] = `${last}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}
