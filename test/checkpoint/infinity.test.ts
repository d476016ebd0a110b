import { expect, test } from "vitest";
import { parseJsonObject } from "../../src/checkpoint/json";
import { makeTable, schedulerFromConfig } from "../../src/schedulers/registry";

// As DPMSolverMultistepScheduler().to_json_string() of diffusers 0.42.1 writes it.
const CONFIG = `{
  "_class_name": "DPMSolverMultistepScheduler",
  "algorithm_type": "dpmsolver++",
  "lambda_min_clipped": -Infinity,
  "use_karras_sigmas": true,
  "variance_type": null
}`;

test("a scheduler's -Infinity, which is no JSON, is read as diffusers means it", () => {
  const json = parseJsonObject(new TextEncoder().encode(CONFIG), "scheduler_config.json", { allowInfinity: true });
  const scheduler = schedulerFromConfig(json);
  expect(scheduler.config).toMatchObject({ lambda_min_clipped: Number.NEGATIVE_INFINITY });
  expect(makeTable(scheduler, 20).rows).toHaveLength(20);
});

test("elsewhere it stays an error that names it", () => {
  const bytes = new TextEncoder().encode(CONFIG);
  expect(() => parseJsonObject(bytes, "config.json")).toThrow("config.json: must be JSON, got -Infinity");
});
