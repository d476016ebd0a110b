/** `unstatic verify <folder> --reference <file>`: one forward pass against tensors saved from PyTorch. */
import { cpu } from "../cpu";
import { disagreement, type ForwardInput, InputError, load, readTensors, type SavedTensor } from "../index";
import { Options, UsageError } from "./options";
import { PRECISION_HELP, PRECISION_TYPES, precisionOf } from "./precision";

export const VERIFY_HELP = `unstatic verify <folder> --reference <file.safetensors> [--tolerance 5e-5] [--cpu] [--json]
  one forward pass on the file's sample, timestep and class_labels (diffusers' NCHW), compared with its output;
  prints max |difference| / std(output); exits 1 above the tolerance
${PRECISION_HELP}`;

const TYPES = {
  reference: { type: "string" },
  tolerance: { type: "string" },
  cpu: { type: "boolean" },
  ...PRECISION_TYPES,
  json: { type: "boolean" },
} as const;
const DEFAULT_TOLERANCE = 5e-5;

/** Returns whether the model's output is within the tolerance. */
export async function verify(args: readonly string[]): Promise<boolean> {
  const options = new Options(args, TYPES, 1);
  const [folder] = options.positionals;
  const reference = options.text("reference");
  if (!folder || !reference) throw new UsageError("verify needs a folder and --reference <file.safetensors>");
  const tolerance = options.number("tolerance") ?? DEFAULT_TOLERANCE;
  if (tolerance <= 0) throw new UsageError(`--tolerance must be above 0, got ${tolerance}`);

  const tensors = await readTensors(reference);
  const { input, expected } = inputOf(reference, tensors);
  using model = await load(folder, { ...(options.flag("cpu") && { gpu: cpu() }), ...precisionOf(options) });
  const { description } = await model.adapter();
  const { output } = await model.forward(input);
  if (output.length !== expected.data.length) {
    throw new InputError(`${reference}: output must have ${output.length} numbers, got ${expected.data.length}`);
  }
  const relative = disagreement(output, expected.data);
  const passed = relative <= tolerance;
  const result = { model: model.name, adapter: description, relative, tolerance, passed };
  if (options.flag("json")) console.log(JSON.stringify(result, null, 2));
  else
    console.log(
      `${passed ? "passed" : "FAILED"}: max |difference| / std(output) = ${relative.toExponential(2)} (tolerance ${tolerance})`,
    );
  console.error(`adapter: ${description}`);
  return passed;
}

function inputOf(
  file: string,
  tensors: ReadonlyMap<string, SavedTensor>,
): { input: ForwardInput; expected: SavedTensor } {
  const get = (name: string): SavedTensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new InputError(`${file}: must have the tensor '${name}', got ${[...tensors.keys()].join(", ")}`);
    return tensor;
  };
  if (tensors.has("encoder_hidden_states")) {
    throw new InputError(`${file}: encoder_hidden_states must be absent: a UNet2DModel reads none`);
  }
  const sample = get("sample");
  const { shape } = sample;
  if (shape.length !== 4) throw new InputError(`${file}: sample must be (B, C, H, W), got (${shape.join(", ")})`);
  const labels = tensors.get("class_labels");
  const input = {
    sample: sample.data,
    shape: shape as unknown as ForwardInput["shape"],
    timestep: get("timestep").data,
    ...(labels && { classLabels: labels.data }),
  };
  return { input, expected: get("output") };
}
