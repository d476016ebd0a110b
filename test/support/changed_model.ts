/** Copies of a model's folder with other numbers in its weights. */
import { cp, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openFolder } from "../../src/checkpoint/folder";
import { encodeSafetensors, float32Tensor } from "../../src/checkpoint/safetensors_writer";

/** A copy of `folder` below `scratch` in which `change` has seen the numbers of every tensor, as f32. */
export async function changedModel(
  folder: string,
  scratch: string,
  change: (name: string, values: Float32Array<ArrayBuffer>) => void,
): Promise<string> {
  const copy = await mkdtemp(join(scratch, "model-"));
  await cp(folder, copy, { recursive: true });
  const { checkpoint } = await openFolder(folder);
  const tensors = new Map();
  for (const [name, { shape }] of checkpoint.tensors) {
    const values = await checkpoint.read(name);
    change(name, values);
    tensors.set(name, float32Tensor(values, shape));
  }
  await writeFile(join(copy, "diffusion_pytorch_model.safetensors"), encodeSafetensors(tensors));
  return copy;
}
