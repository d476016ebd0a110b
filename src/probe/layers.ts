/** A dispatch as a reader meets it: every fact that the recording has about it, as plain data. */
import { bytesOf, type RecordedDispatch, type Recording, type Tensor } from "../recording/recording";

/** A buffer of a dispatch, by the name that the shader gives it. */
export interface LayerTensor {
  readonly binding: string;
  /** The recording's number for it: the same number is the same memory's meaning. */
  readonly id: number;
  readonly label: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly kind: Tensor["kind"];
  readonly bytes: number;
}

export interface Layer {
  /** Its number in the recording. */
  readonly index: number;
  /** Its place in the model, in the checkpoint's words. */
  readonly label: string;
  /** `prepare` and `start` run once, `step` again and again. */
  readonly section: string;
  /** The file in shaders/ without its ending; after a colon the format of its matrix, where that is not f32. */
  readonly kernel: string;
  /** WGSL. */
  readonly code: string;
  readonly reads: readonly LayerTensor[];
  readonly writes: readonly LayerTensor[];
  /** The shader's `override`s and replaced `const`s, and its `Params`. */
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly params: Readonly<Record<string, number>>;
  readonly workgroups: readonly [x: number, y: number, z: number];
  readonly workgroupSize: readonly [x: number, y: number, z: number];
  readonly flops: number;
  /** Bytes that it must move at least: each tensor once. */
  readonly bytes: number;
}

export function layersOf(recording: Recording, trafficOf: (dispatch: RecordedDispatch) => number): Layer[] {
  return recording.dispatches.map((dispatch, index) => {
    const { label, section, shader, reads, writes, constants = {}, knobs = {}, params = {}, workgroups } = dispatch;
    return {
      index,
      label,
      section,
      kernel: shader.name,
      code: shader.code,
      reads: Object.entries(reads).map(describe),
      writes: Object.entries(writes).map(describe),
      constants: { ...constants, ...knobs },
      params,
      workgroups,
      workgroupSize: workgroupSizeOf(shader.code, { ...constants, ...knobs }),
      flops: dispatch.flops,
      bytes: trafficOf(dispatch),
    };
  });
}

function describe([binding, tensor]: [string, Tensor]): LayerTensor {
  const { id, label, shape, dtype, kind } = tensor;
  return { binding, id, label, shape, dtype, kind, bytes: bytesOf(tensor) };
}

/** What `@workgroup_size(...)` comes to: numbers, or names of overrides and consts, which the launch may have set. */
export function workgroupSizeOf(
  code: string,
  constants: Readonly<Record<string, number | boolean>>,
): [x: number, y: number, z: number] {
  const text = /@workgroup_size\(([^)]*)\)/.exec(code)?.[1] ?? "";
  const sizeOf = (expression: string | undefined): number => {
    const term = expression?.trim();
    if (!term) return 1;
    if (/^\d+u?$/.test(term)) return Number.parseInt(term, 10);
    if (term in constants) return Number(constants[term]);
    const given = new RegExp(`^(?:override|const) ${term}\\b[^=;]*=\\s*(\\d+)u?;`, "m").exec(code)?.[1];
    return given === undefined ? 1 : Number(given);
  };
  const [x, y, z] = text.split(",");
  return [sizeOf(x), sizeOf(y), sizeOf(z)];
}
