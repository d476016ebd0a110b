/** Shaders as pages get them: still the same programs, line for line. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { wgslMinifier } from "../../src/build/wgsl_minify";
import { readShader } from "../../src/build/wgsl_plugin";
import { openDevice } from "../../src/runtime/device";

const FOLDERS = ["../../shaders", "../../src/bench"].map((folder) => join(import.meta.dirname, folder));
const KERNELS = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".wgsl"))
    .map((file) => join(folder, file)),
);

test("every kernel compiles, is shorter, and keeps its lines and what a launch sets by name", async () => {
  const minify = wgslMinifier();
  const device = await openDevice();
  const errorsOf = async (code: string) => {
    device.gpu.pushErrorScope("validation"); // a kernel may need a feature that this adapter lacks
    const { messages } = await device.gpu.createShaderModule({ code }).getCompilationInfo();
    await device.gpu.popErrorScope();
    return messages.filter(({ type }) => type === "error").map(({ message, lineNum }) => ({ message, lineNum }));
  };
  const namesOf = (code: string) => [...code.matchAll(/^(?:override|const) \w+(?:: \w+)? = /gm)].map(([line]) => line);
  expect(KERNELS.length).toBeGreaterThan(30);
  for (const file of KERNELS) {
    const { code } = readShader(file).shader;
    const short = minify(code);
    expect(await errorsOf(short), file).toEqual(await errorsOf(code));
    expect(short.split("\n"), file).toHaveLength(code.split("\n").length);
    expect(short.length, file).toBeLessThan(0.6 * code.length);
    const isSet = (line: string) => /^override|^const (LANES|DEPTH)\b/.test(line);
    expect(namesOf(short).filter(isSet), file).toEqual(namesOf(code).filter(isSet));
  }
  device.destroy();
});
