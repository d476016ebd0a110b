/**
 * Everything that depends on the timestep and the class alone, for the whole schedule at once: recorded in the section
 * `prepare`, which runs once before the loop.
 *
 *   t -- time_proj -- linear_1 -- silu -- linear_2 --+-- f -- every ResNet's time_emb_proj in one matrix -- table
 *   class ----------- class_embedding ---------------+
 *
 * Row `step * conditions + condition` of the table serves the images of that condition at that step.
 */
import { activation } from "../kernels/activation";
import { linear } from "../kernels/conv2d";
import { gatherRows } from "../kernels/gather_rows";
import { timestepEmbedding } from "../kernels/timestep_embedding";
import type { Recording, Tensor } from "../recording/recording";
import { pad4 } from "../tensor/shape";
import type { TimeTable } from "./model";
import type { LinearPart, Parameters } from "./parameters";
import { rareLayers } from "./rare_layers";
import type { UNet2DConfig } from "./unet_2d_config";
import { resnetsOf, type UNet2DLayout } from "./unet_2d_layout";

type Rows = Tensor<readonly [rows: number, D: number]>;

export interface TimeInputs {
  /** (rows): the timestep of each row; u32 where the model has a table of timesteps, else f32. */
  readonly timesteps: Tensor<readonly [rows: number]>;
  /** What each row is conditioned on: (rows) u32 classes, (rows) timesteps, or (rows, D) embeddings; see `classInput`. */
  readonly classLabels: Tensor | null;
}

/** Records the section `prepare` for `rows` rows. */
export function recordTimeTable(
  recording: Recording,
  parameters: Parameters,
  config: UNet2DConfig,
  layout: UNet2DLayout,
  rows: number,
): TimeInputs & Pick<TimeTable, "table" | "columns"> {
  const timesteps = recording.state("timesteps", [rows] as const, timeDType(config));
  const classLabels = classInput(recording, config, rows);
  const D = config.timeEmbeddingDim;
  const t = recordTimeProjection(recording, parameters, config, timesteps, "time_proj"); //  (rows, 2 or 1 times C0)
  const classes = classLabels && recordClassEmbedding(recording, parameters, config, classLabels); //      (rows, D)
  const embedding = recordMlp(recording, parameters, "time_embedding", t, D, classes); //                  (rows, D)
  const active = recording.add("time_act", activation(embedding, config.activation)).y;

  const parts = timeProjections(config, layout);
  const columns = new Map<string, number>();
  let width = 0;
  for (const { path, outputs } of parts) {
    columns.set(path.slice(0, path.lastIndexOf(".")), width);
    width += pad4(outputs);
  }
  const w = parameters.linear("time_emb_proj", [D], parts);
  const vectors = parameters.vectors("time_emb_proj", parts);
  const table = recording.add("time_emb_proj", linear(active, w, { channels: width, vectors })).y; //         (rows, columns)
  return { timesteps, classLabels, table, columns };
}

/** The linear layer that each ResNet applies to the embedding. */
function timeProjections({ timeScaleShift }: UNet2DConfig, layout: UNet2DLayout): LinearPart[] {
  return resnetsOf(layout).map(({ path, channels }) => {
    return { path: `${path}.time_emb_proj`, outputs: timeScaleShift ? 2 * channels : channels };
  });
}

/** A table is looked up by whole numbers; sines and logarithms take any. */
function timeDType({ timeProjection }: UNet2DConfig): "f32" | "u32" {
  return timeProjection.type === "learned" ? "u32" : "f32";
}

function classInput(recording: Recording, config: UNet2DConfig, rows: number): Tensor | null {
  switch (config.classEmbedding.type) {
    case "none":
      return null;
    case "learned":
      return recording.state("class_labels", [rows], "u32");
    case "timestep":
      return recording.state("class_labels", [rows], timeDType(config));
    case "identity":
      return recording.state("class_labels", [rows, config.timeEmbeddingDim]);
  }
}

function recordTimeProjection(
  recording: Recording,
  parameters: Parameters,
  { timeProjection, blockOutChannels }: UNet2DConfig,
  timesteps: Tensor<readonly [rows: number]>,
  label: string,
): Rows {
  const C = blockOutChannels[0]!;
  switch (timeProjection.type) {
    case "positional":
      return recording.add(label, timestepEmbedding(timesteps, { channels: C, ...timeProjection })).y;
    case "fourier":
      return recording.add(label, rareLayers().fourierEmbedding(timesteps, parameters.vector("time_proj.weight", C))).y;
    case "learned":
      return recording.add(
        label,
        gatherRows(parameters.table("time_proj.weight", timeProjection.timesteps, C), timesteps),
      ).y;
  }
}

function recordClassEmbedding(
  recording: Recording,
  parameters: Parameters,
  config: UNet2DConfig,
  labels: Tensor,
): Rows {
  const D = config.timeEmbeddingDim;
  switch (config.classEmbedding.type) {
    case "learned": {
      const table = parameters.table("class_embedding.weight", config.classEmbedding.classes, D);
      return recording.add("class_embedding", gatherRows(table, labels as Tensor<readonly [number]>)).y;
    }
    case "timestep": {
      const t = recordTimeProjection(recording, parameters, config, labels as Tensor<readonly [number]>, "class_proj");
      return recordMlp(recording, parameters, "class_embedding", t, D, null);
    }
    default:
      return labels as Rows;
  }
}

/** TimestepEmbedding: linear_1, silu (whatever act_fn is), linear_2; plus `residual`. */
function recordMlp(
  recording: Recording,
  parameters: Parameters,
  path: string,
  x: Rows,
  D: number,
  residual: Rows | null,
): Rows {
  const layer = (name: string, inputs: number) => {
    const parts = [{ path: `${path}.${name}`, outputs: D }];
    return {
      w: parameters.linear(`${path}.${name}`, [inputs], parts),
      vectors: parameters.vectors(`${path}.${name}`, parts),
    };
  };
  return recording.scope(path, () => {
    const first = layer("linear_1", x.shape[1]);
    const h = recording.add("linear_1", linear(x, first.w, { channels: D, vectors: first.vectors })).y;
    const active = recording.add("act", activation(h, "silu")).y;
    const second = layer("linear_2", D);
    const options = { channels: D, vectors: second.vectors, ...(residual && { residual }) };
    return recording.add("linear_2", linear(active, second.w, options)).y;
  });
}
