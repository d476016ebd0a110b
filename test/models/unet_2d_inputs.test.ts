import { describe, expect, test } from "vitest";
import { parseUNet2DConfig } from "../../src/models/unet_2d_config";
import { checkRows } from "../../src/models/unet_2d_inputs";
import { InputError } from "../../src/tensor/check";

const LEARNED = { time_embedding_type: "learned", num_train_timesteps: 20 };

describe("timesteps and labels", () => {
  test.each<[config: Record<string, unknown>, timesteps: number[], labels: number[] | null, message: string]>([
    [{}, [Number.NaN], null, "timestep: must be finite, got NaN"],
    [{ time_embedding_type: "fourier" }, [1, 0], null, "timestep: must be above 0, got 0"],
    [LEARNED, [20], null, "timestep: must be integers from 0 to 19, got 20"],
    [LEARNED, [1.5], null, "timestep: must be integers from 0 to 19, got 1.5"],
    [{ ...LEARNED, class_embed_type: "timestep" }, [1], [-1], "class_labels: must be integers from 0 to 19, got -1"],
    [{ num_class_embeds: 5 }, [1], [5], "class_labels: must be integers from 0 to 4, got 5"],
    [{ class_embed_type: "identity" }, [1], [0, Infinity], "class_labels: must be finite, got Infinity"],
  ])("%o refuses %o with %o", (config, timesteps, labels, message) => {
    const rows = () => checkRows(parseUNet2DConfig(config, "config.json"), timesteps, labels);
    expect(rows).toThrow(InputError);
    expect(rows).toThrow(message);
  });

  test("what the model knows passes", () => {
    checkRows(parseUNet2DConfig({}, "config.json"), [0.5, -3], null);
    checkRows(parseUNet2DConfig({ ...LEARNED, num_class_embeds: 2 }, "config.json"), [0, 19], [1, 0]);
  });
});
