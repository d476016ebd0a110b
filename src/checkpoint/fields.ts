/**
 * Typed reading of a configuration that nobody vouches for. Each call names one field, says what it must be, and consumes
 * it; `rest()` then lists what nobody asked for, so that an unknown option cannot pass for a supported one.
 *
 *   const f = fields(json, "unet/config.json");
 *   const groups = f.int("norm_num_groups", { min: 1, max: 4096, default: 32 });
 *   const headDim = f.isNull("attention_head_dim") ? null : f.int("attention_head_dim", { min: 1, max: 4096, default: 8 });
 *
 * A default stands for a missing field only: null is a value of its own in diffusers. Errors are CheckpointErrors.
 */

import { CheckpointError, check } from "../tensor/check";
import { describe, type JsonObject } from "./json";

/** Bounds of a number, both included, and what a missing field means; without `default` the field is required. */
export interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly default?: number;
}

/** Bounds of each item and of the list's length, both included. */
export interface ListRule<Item> {
  readonly min: number;
  readonly max: number;
  readonly minLength: number;
  readonly maxLength: number;
  readonly default?: readonly Item[];
}

export interface Fields {
  /** File or section, as it begins every message. */
  readonly where: string;
  /** Whether the field is there, null or not. Consumes nothing. */
  has(name: string): boolean;
  /** Whether the field is there and null; if so, consumes it. */
  isNull(name: string): boolean;
  /** Whether the field is missing or null; consumes it in the second case. */
  isAbsent(name: string): boolean;
  int(name: string, rule: NumberRule): number;
  number(name: string, rule: NumberRule): number;
  boolean(name: string, missing?: boolean): boolean;
  string(name: string, missing?: string): string;
  /** One of `choices`, strictly. */
  oneOf<const Choice extends string>(name: string, choices: readonly Choice[], missing?: Choice): Choice;
  ints(name: string, rule: ListRule<number>): readonly number[];
  strings(name: string, rule: Pick<ListRule<string>, "minLength" | "maxLength" | "default">): readonly string[];
  /** Marks fields as known and without influence here. */
  ignore(...names: string[]): void;
  /** Fields that no call has named, except notes such as `_class_name`. */
  rest(): readonly string[];
}

/** Turns one value into what the caller wants, or throws naming `place`, e.g. `unet/config.json: block_out_channels[1]`. */
type Reader<Value> = (value: unknown, place: string) => Value;

/** Typed access to the fields of `json`; `where` names the file in messages. */
export function fields(json: JsonObject, where: string): Fields {
  const named = new Set<string>();

  function read<Value>(name: string, reader: Reader<Value>, missing: Value | undefined): Value {
    named.add(name);
    const place = `${where}: ${name}`;
    if (Object.hasOwn(json, name)) return reader(json[name], place);
    check(missing !== undefined, () => `${place} must be given, got nothing`, CheckpointError);
    return missing;
  }

  function isNull(name: string): boolean {
    const found = Object.hasOwn(json, name) && json[name] === null;
    if (found) named.add(name);
    return found;
  }

  return {
    where,
    isNull,
    has: (name) => Object.hasOwn(json, name),
    isAbsent: (name) => !Object.hasOwn(json, name) || isNull(name),
    int: (name, rule) => read(name, int(rule), rule.default),
    number: (name, rule) => read(name, number(rule), rule.default),
    boolean: (name, missing) => read(name, boolean, missing),
    string: (name, missing) => read(name, string, missing),
    oneOf: (name, choices, missing) => read(name, oneOf(choices), missing),
    ints: (name, rule) => read(name, list(int(rule), rule), rule.default),
    strings: (name, rule) => read(name, list(string, rule), rule.default),
    ignore: (...names) => {
      for (const name of names) named.add(name);
    },
    rest: () => Object.keys(json).filter((name) => !named.has(name) && !name.startsWith("_")),
  };
}

function int({ min, max }: NumberRule | ListRule<number>): Reader<number> {
  return (value, place) => {
    check(
      typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max,
      () => `${place} must be an integer from ${min} to ${max}, got ${describe(value)}`,
      CheckpointError,
    );
    return value;
  };
}

function number({ min, max }: NumberRule): Reader<number> {
  return (value, place) => {
    check(
      typeof value === "number" && Number.isFinite(value) && value >= min && value <= max,
      () => `${place} must be a number from ${min} to ${max}, got ${describe(value)}`,
      CheckpointError,
    );
    return value;
  };
}

function boolean(value: unknown, place: string): boolean {
  check(typeof value === "boolean", () => `${place} must be true or false, got ${describe(value)}`, CheckpointError);
  return value;
}

function string(value: unknown, place: string): string {
  check(typeof value === "string", () => `${place} must be a string, got ${describe(value)}`, CheckpointError);
  return value;
}

function oneOf<Choice extends string>(choices: readonly Choice[]): Reader<Choice> {
  return (value, place) => {
    const choice = choices.find((candidate) => candidate === value);
    check(
      choice !== undefined,
      () => `${place} must be one of ${choices.join(", ")}, got ${describe(value)}`,
      CheckpointError,
    );
    return choice;
  };
}

function list<Item>(reader: Reader<Item>, rule: { minLength: number; maxLength: number }): Reader<readonly Item[]> {
  const { minLength, maxLength } = rule;
  const lengths = minLength === maxLength ? `${minLength}` : `${minLength} to ${maxLength}`;
  return (value, place) => {
    check(
      Array.isArray(value) && value.length >= minLength && value.length <= maxLength,
      () => `${place} must be a list of ${lengths} items, got ${describe(value)}`,
      CheckpointError,
    );
    return value.map((item, index) => reader(item, `${place}[${index}]`));
  };
}
