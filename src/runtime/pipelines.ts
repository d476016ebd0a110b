/**
 * Pipelines: one per distinct (kernel, constants, knobs), compiled asynchronously and shared by every program of a device.
 *
 * Sizes stand in uniforms, not in the text, so a whole network needs a few dozen pipelines whatever its shapes.
 */
import type { RecordedDispatch } from "../recording/recording";
import type { Shader } from "../recording/shader";
import { check, ShaderError } from "../tensor/check";
import type { Device } from "./device";
import { validated } from "./device";

export interface Pipeline {
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export type Launch = Pick<RecordedDispatch, "shader" | "constants" | "knobs">;

/** What makes two launches share a pipeline. */
export function pipelineKey({ shader, constants = {}, knobs = {} }: Launch): string {
  return [shader.name, JSON.stringify(constants), JSON.stringify(knobs)].join(" ");
}

export class Pipelines {
  readonly #device: Device;
  readonly #compiled = new Map<string, Promise<Pipeline>>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** How many distinct pipelines this device has. */
  get size(): number {
    return this.#compiled.size;
  }

  /** The pipeline of a launch; compiles it the first time. */
  get(launch: Launch): Promise<Pipeline> {
    const key = pipelineKey(launch) + launch.shader.code.length;
    let pipeline = this.#compiled.get(key);
    if (!pipeline) {
      pipeline = compile(this.#device, launch);
      this.#compiled.set(key, pipeline);
      // A failed compile is not remembered: the next call tries again, on a new device perhaps.
      pipeline.catch(() => this.#compiled.delete(key));
    }
    return pipeline;
  }
}

async function compile(device: Device, launch: Launch): Promise<Pipeline> {
  const { shader, constants = {} } = launch;
  for (const name of Object.keys(constants)) {
    check(shader.overrides.includes(name), () => `${shader.name}: no override '${name}' in the kernel`, ShaderError);
  }
  const code = withKnobs(shader, launch.knobs ?? {});
  const where = `shaders/${shader.name}.wgsl`;
  return validated(device, where, async () => {
    const module = device.gpu.createShaderModule({ label: shader.name, code });
    const layout = device.gpu.createBindGroupLayout({ label: shader.name, entries: layoutEntries(shader) });
    const descriptor: GPUComputePipelineDescriptor = {
      label: pipelineKey(launch),
      layout: device.gpu.createPipelineLayout({ label: shader.name, bindGroupLayouts: [layout] }),
      compute: {
        module,
        entryPoint: "main",
        constants: Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, Number(value)])),
      },
    };
    try {
      return { gpu: await device.gpu.createComputePipelineAsync(descriptor), layout };
    } catch (cause) {
      throw await (await import("./compile_error")).compileError(where, module, cause);
    }
  });
}

/** Sets named `const`s of the kernel: the file's own line, with another number. */
function withKnobs(shader: Shader, knobs: Readonly<Record<string, number>>): string {
  let code = shader.code;
  for (const [name, value] of Object.entries(knobs)) {
    const line = new RegExp(`^const ${name}(: \\w+)? = [^;]+;`, "m");
    check(line.test(code), () => `${shader.name}: no const '${name}' in the kernel`, ShaderError);
    code = code.replace(line, (_match, type: string | undefined) => `const ${name}${type ?? ""} = ${value};`);
  }
  return code;
}

function layoutEntries(shader: Shader): GPUBindGroupLayoutEntry[] {
  const types = { uniform: "uniform", read: "read-only-storage", read_write: "storage" } as const;
  return Object.values(shader.bindings).map(({ index, access }) => ({
    binding: index,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: types[access] },
  }));
}
