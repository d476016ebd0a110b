/** The other half of src/recording/packed_shader.ts: what reflection found, in few words. */
import { isDeepStrictEqual } from "node:util";
import { unpackShader } from "../recording/packed_shader.ts";
import type { Shader } from "../recording/shader";

const MARKS: Readonly<Record<string, string>> = {
  i32: "-",
  f32: ".",
  u32: "",
  read_write: ">",
  read: "",
  uniform: "=",
};

/** The arguments of `unpackShader` behind the code. Throws where a shader has what the short form cannot say. */
export function packShader(
  shader: Omit<Shader, "code">,
): [name: string, bindings: string, fields: string, overrides: string] {
  const { name, bindings, params, overrides } = shader;
  const inOrder = Object.entries(bindings).sort(([, a], [, b]) => a.index - b.index);
  const words = [
    name,
    inOrder.map(([binding, { access }]) => MARKS[access] + binding).join(" "),
    Object.entries(params.fields)
      .map(([field, { type }]) => MARKS[type] + field)
      .join(" "),
    overrides.join(" "),
  ] as [string, string, string, string];
  if (!isDeepStrictEqual(unpackShader("", ...words), { ...shader, code: "" })) {
    throw new Error(
      `${name}: bindings must count from 0 and Params hold u32, i32 and f32 alone, got ${JSON.stringify(shader)}`,
    );
  }
  return words;
}
