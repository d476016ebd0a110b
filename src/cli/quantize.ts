/** `unstatic quantize <folder> --dtype f16|int8 --out <folder>`: the same model, a smaller download. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describeFolder, quantizeFolder, WEIGHT_DTYPES, type WeightDType } from "../index";
import { Options, UsageError } from "./options";

export const QUANTIZE_HELP = `unstatic quantize <folder> --out <folder> [--dtype f32|f16|int8] [--json]
  writes the model with its weights as f16, or (default) the matrices as 8-bit integers with a scale for each output
  channel (x.weight I8, x.weight_scale F32) and the rest as f16; prints sizes and the largest errors`;

const TYPES = { dtype: { type: "string" }, out: { type: "string" }, json: { type: "boolean" } } as const;

export async function quantize(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  const [folder] = options.positionals;
  const out = options.text("out");
  const dtype = (options.text("dtype") ?? "int8") as WeightDType;
  if (!folder || !out) throw new UsageError("quantize needs a folder and --out <folder>");
  if (!WEIGHT_DTYPES.includes(dtype))
    throw new UsageError(`--dtype must be one of ${WEIGHT_DTYPES.join(", ")}, got '${dtype}'`);
  if (await exists(out)) throw new UsageError(`--out must not exist yet, got ${out}`);

  const { files, bytes, tensors } = await quantizeFolder(folder, dtype);
  for (const [path, content] of files) {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeFile(join(out, path), content);
  }
  // Opened as any reader would: what was written is what the model needs.
  const { parameters } = await describeFolder(out);

  const kinds = WEIGHT_DTYPES.map((kind) => ({ kind, of: tensors.filter((tensor) => tensor.dtype === kind) }));
  const worst = kinds
    .filter(({ of }) => of.length > 0)
    .map(({ kind, of }) => {
      const tensor = of.reduce((a, b) => (b.relativeError > a.relativeError ? b : a));
      return { ...tensor, dtype: kind, tensors: of.length };
    });
  if (options.flag("json")) {
    console.log(JSON.stringify({ folder: out, parameters, bytes, worst }, null, 2));
    return true;
  }
  console.log(
    `${out}: ${parameters.toLocaleString("en")} parameters, ${megabytes(bytes.before)} -> ${megabytes(bytes.after)}`,
  );
  for (const { dtype: kind, tensors: count, name, maxError, relativeError } of worst) {
    const error = maxError === 0 ? "exact" : `largest error ${maxError.toExponential(2)}`;
    const where = maxError === 0 ? "" : `, ${(100 * relativeError).toFixed(3)} % of the largest weight, in ${name}`;
    console.log(`  ${kind.padEnd(4)}  ${String(count).padStart(4)} tensors  ${error}${where}`);
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
