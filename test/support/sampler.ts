/** Runs sampler kernels on the real adapter with a packed table, and reads every state of the sampler back. */
import { type SamplerState, samplerState } from "../../src/kernels/sampler_state";
import { Recording, type Tensor } from "../../src/recording/recording";
import { Program } from "../../src/runtime/program";
import { Weights } from "../../src/runtime/weights";
import { HEADER_WORDS, ROW_WORDS } from "../../src/schedulers/table";
import { type BHWC, padRows, unpadRows } from "../../src/tensor/shape";
import { testDevice } from "./gpu";

export interface SamplerOutcome {
  readonly x: Float32Array;
  readonly modelInput: Float32Array;
  readonly denoised: Float32Array;
  readonly scales: Float32Array;
}

export interface RunOptions {
  readonly slots: number;
  readonly guided: boolean;
  /** How often the section "step" is replayed. */
  readonly replays?: number;
  /** Data of further states, by label; in the engine's order, without padding. */
  readonly states?: Readonly<Record<string, Float32Array>>;
}

/** `record` adds the dispatches; what stands in the section "step" is replayed after section "prepare" ran once. */
export async function runWithTable(
  words: Uint32Array<ArrayBuffer>,
  shape: BHWC,
  { slots, guided, replays = 1, states = {} }: RunOptions,
  record: (state: SamplerState, recording: Recording) => unknown,
): Promise<SamplerOutcome> {
  const { device, pipelines } = await testDevice();
  const recording = new Recording("sampler test");
  const rows = (words.length - HEADER_WORDS) / ROW_WORDS;
  const state = samplerState(recording, shape, { rows, slots, guided });
  record(state, recording);
  const program = await Program.create(device, pipelines, new Weights(device), recording);
  try {
    program.write(state.table, words);
    for (const [label, data] of Object.entries(states)) {
      const tensor = recording.tensors.find((candidate) => candidate.label === label);
      if (!tensor) throw new Error(`no state "${label}" in the recording`);
      program.write(tensor, padRows(data, tensor.shape));
    }
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass, "prepare");
    for (let replay = 0; replay < replays; replay++) program.encode(pass, "step");
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    const read = async (tensor: Tensor) => unpadRows(await program.read(tensor), tensor.shape);
    return {
      x: await read(state.x),
      modelInput: await read(state.modelInput),
      denoised: await read(state.denoised),
      scales: await read(state.scales),
    };
  } finally {
    program.destroy();
  }
}
