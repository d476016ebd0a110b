/** `unstatic compare <receipt.json> ...`: receipts of `bench` side by side. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { compareReceipts, InputError, parseReceipt } from "../index";
import { Options, UsageError } from "./options";

export const COMPARE_HELP = `unstatic compare <a.json> <b.json> [...]
  receipts of 'unstatic bench' side by side, with ratios to the first; refuses receipts of different work`;

/** A table that anyone can still read. */
const RECEIPTS_MAX = 16;

export async function compare(args: readonly string[]): Promise<boolean> {
  const { positionals } = new Options(args, {}, RECEIPTS_MAX);
  if (positionals.length < 2) throw new UsageError("compare needs two receipts or more");
  const receipts = await Promise.all(
    positionals.map(async (file) => {
      const text = await readFile(file, "utf8").catch((error: Error) => {
        throw new InputError(`${file}: must be a readable file, got ${error.message}`);
      });
      return { name: basename(file, ".json"), receipt: parseReceipt(text, file) };
    }),
  );
  console.log(compareReceipts(receipts));
  return true;
}
