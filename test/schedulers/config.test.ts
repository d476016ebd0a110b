import { describe, expect, test } from "vitest";
import { NOT_OFFERED } from "../../src/schedulers/rare_samplers";
import { makeTable, schedulerFromConfig, schedulerNamed, withSampler } from "../../src/schedulers/registry";
import { SAMPLERS } from "../../src/schedulers/samplers";

describe("schedulerFromConfig", () => {
  test("reads google/ddpm-cifar10-32's file, old field names included", () => {
    const { name, config } = schedulerFromConfig({
      _class_name: "DDPMScheduler",
      _diffusers_version: "0.1.1",
      beta_end: 0.02,
      beta_schedule: "linear",
      beta_start: 0.0001,
      clip_sample: true,
      timestep_values: null,
      timesteps: 1000,
      trained_betas: null,
      variance_type: "fixed_large",
    });
    expect(name).toBe("ddpm");
    expect(config).toMatchObject({
      num_train_timesteps: 1000,
      variance_type: "fixed_large",
      timestep_spacing: "leading",
    });
  });

  test("the oldest class name, and predict_epsilon", () => {
    const old = schedulerFromConfig({ _class_name: "GaussianDDPMScheduler", timesteps: 500, predict_epsilon: false });
    expect(old.name).toBe("ddpm");
    expect(old.config).toMatchObject({ num_train_timesteps: 500, prediction_type: "sample" });
  });

  test("fields of other samplers are ignored, as diffusers ignores them", () => {
    const { name } = schedulerFromConfig({
      _class_name: "EulerDiscreteScheduler",
      skip_prk_steps: true,
      unheard_of: 7,
    });
    expect(name).toBe("euler");
  });

  test("the stochastic solver is the plain one with another algorithm", () => {
    const scheduler = schedulerFromConfig({
      _class_name: "DPMSolverMultistepScheduler",
      algorithm_type: "sde-dpmsolver++",
    });
    expect(scheduler.name).toBe("sde-dpmsolver++");
    expect(withSampler(scheduler, "dpmsolver++").config).toMatchObject({ algorithm_type: "dpmsolver++" });
    expect(withSampler(withSampler(scheduler, "ddim"), "sde-dpmsolver++").config).toMatchObject({
      algorithm_type: "sde-dpmsolver++",
    });
  });

  test("every class is found by its name", () => {
    for (const { className } of Object.values(SAMPLERS)) {
      expect(SAMPLERS[schedulerFromConfig({ _class_name: className }).name]!.className).toBe(className);
    }
  });

  test.each<{ why: string; message: string; json: unknown }>([
    {
      why: "an unknown class",
      message: "_class_name must be one of DDPMScheduler",
      json: { _class_name: "MagicScheduler" },
    },
    {
      why: "a class of diffusers that has no table",
      message: "ScoreSdeVeScheduler is not offered",
      json: { _class_name: "ScoreSdeVeScheduler" },
    },
    { why: "a name from Object.prototype", message: 'got "constructor"', json: { _class_name: "constructor" } },
    { why: "no class", message: "_class_name must be one of", json: {} },
    { why: "a list", message: "must be a JSON object, got []", json: [] },
    {
      why: "a negative count",
      message: "num_train_timesteps must be a number from 1 to 100000, got -5",
      json: { _class_name: "DDPMScheduler", num_train_timesteps: -5 },
    },
    {
      why: "a count that would fill the memory",
      message: "num_train_timesteps must be a number from 1 to 100000",
      json: { _class_name: "DDPMScheduler", num_train_timesteps: 1e12 },
    },
    {
      why: "a beta above one",
      message: "beta_end must be a number from 0 to 1, got 20",
      json: { _class_name: "DDPMScheduler", beta_end: 20 },
    },
    {
      why: "a string for a number",
      message: 'beta_start must be a number from 0 to 1, got "0.1"',
      json: { _class_name: "DDPMScheduler", beta_start: "0.1" },
    },
    {
      why: "an unknown schedule",
      message: "beta_schedule must be one of linear",
      json: { _class_name: "DDPMScheduler", beta_schedule: "cubic" },
    },
    {
      why: "an unknown prediction",
      message: "prediction_type must be one of epsilon",
      json: { _class_name: "DDPMScheduler", prediction_type: "velocity" },
    },
    {
      why: "two sigma spacings",
      message: "only one sigma spacing may be chosen",
      json: { _class_name: "EulerDiscreteScheduler", use_karras_sigmas: true, use_beta_sigmas: true },
    },
    {
      why: "too few trained betas",
      message: "trained_betas must have num_train_timesteps = 1000 values, got 2",
      json: { _class_name: "DDPMScheduler", trained_betas: [0.1, 0.2] },
    },
    {
      why: "a trained beta that is no number",
      message: "trained_betas at 1 must be a number from 0 to 1",
      json: { _class_name: "DDPMScheduler", num_train_timesteps: 2, trained_betas: [0.1, null] },
    },
  ])("refuses $why", ({ json, message }) => {
    expect(() => schedulerFromConfig(json)).toThrow(message);
  });
});

describe("makeTable", () => {
  test.each<{ why: string; message: string; name: string; given?: object; steps: number; options?: object }>([
    { why: "no steps", message: "steps must be an integer from 1 to 1000, got 0", name: "ddpm", steps: 0 },
    {
      why: "more steps than were trained",
      message: "steps must be an integer from 1 to 1000, got 1001",
      name: "ddim",
      steps: 1001,
    },
    { why: "half a step", message: "steps must be an integer from 1 to 10000, got 2.5", name: "euler", steps: 2.5 },
    {
      why: "a beginning after the end",
      message: "begin must be an integer from 0 to steps - 1 = 9, got 10",
      name: "ddim",
      steps: 10,
      options: { begin: 10 },
    },
    {
      why: "noise predicted where nothing is left of the picture",
      message: "row 0 of ddim (timestep 999) divides by zero",
      name: "ddim",
      given: { rescale_betas_zero_snr: true, timestep_spacing: "trailing" },
      steps: 4,
    },
    {
      why: "an offset beyond the training steps",
      message: "timesteps must be below num_train_timesteps = 1000, got 1650",
      name: "ddim",
      given: { steps_offset: 900 },
      steps: 4,
    },
    {
      why: "timesteps of one's own that climb",
      message: "timesteps must be 2 numbers that descend from below 1000",
      name: "ddpm",
      steps: 2,
      options: { timesteps: [10, 20] },
    },
    {
      why: "timesteps of one's own for a sampler that has none",
      message: "deis cannot follow timesteps of one's own",
      name: "deis",
      steps: 2,
      options: { timesteps: [20, 10] },
    },
    {
      why: "a Runge-Kutta start of fewer than four steps",
      message: "pndm: steps must be at least 4 for its Runge-Kutta start, got 3",
      name: "pndm",
      steps: 3,
    },
    {
      why: "a second-order step to where lambda is infinite",
      message: 'unipc: final_sigmas_type must be "sigma_min" where',
      name: "unipc",
      given: { lower_order_final: false },
      steps: 5,
    },
    {
      why: "a solver of the noise that ends without any",
      message: 'final_sigmas_type must be "sigma_min"',
      name: "dpmsolver++",
      given: { algorithm_type: "dpmsolver", final_sigmas_type: "zero" },
      steps: 5,
    },
  ])("refuses $why", ({ name, given, steps, options, message }) => {
    expect(() => makeTable(schedulerNamed(name, { ...given }), steps, { ...options })).toThrow(message);
  });

  test("an unknown sampler is answered with the known ones", () => {
    expect(() => schedulerNamed("toString")).toThrowErrorMatchingInlineSnapshot(
      `[InputError: schedulerNamed: a sampler must be one of ddpm, ddim, ddim-inverse, pndm, lms, euler, euler-ancestral, heun, kdpm2, kdpm2-ancestral, dpmsolver++, dpmsolver-singlestep, sde-dpmsolver++, unipc, deis, lcm, tcd, ipndm, edm-euler, edm-dpmsolver, flow-euler, flow-heun, consistency, got "toString"]`,
    );
  });

  test.each(Object.keys(SAMPLERS).filter((name) => !["lcm", "tcd", "consistency"].includes(name)))(
    "%s: from 1 to 1000 steps the noise never grows and every row is finite",
    (name) => {
      for (const steps of [1, 2, 3, 10, 999, 1000]) {
        if (name === "pndm" && steps < 4) continue;
        const { rows } = makeTable(schedulerNamed(name, { final_sigmas_type: "zero" }), steps);
        expect(rows.length).toBeGreaterThanOrEqual(steps);
        const levels = rows.map((row) => row.sigma / Math.hypot(row.alpha, row.sigma));
        if (name === "ddim-inverse") levels.reverse();
        // PNDM and the midpoint samplers look ahead and come back; among steps proper the level falls.
        if (["pndm", "kdpm2", "kdpm2-ancestral"].includes(name)) continue;
        levels.forEach((level, i) => {
          if (i > 0) expect(level).toBeLessThanOrEqual(levels[i - 1]! + 1e-12);
        });
      }
    },
  );

  test.each(Object.keys(SAMPLERS).filter((name) => !["ddim-inverse", "ipndm"].includes(name)))(
    "%s: a perfect network is followed to the picture",
    (name) => {
      const flow = name.startsWith("flow");
      const given = { prediction_type: "sample", final_sigmas_type: "zero", clip_sample: false, clip_denoised: false };
      const type = flow || name === "pndm" || name.startsWith("edm") || name === "consistency" ? {} : given;
      const table = makeTable(schedulerNamed(name, { ...type }), 12, name === "ddim" ? { eta: 0.5 } : {});
      const picture = 0.6;
      let x = table.initialScale * 0.9;
      let slots = new Array<number>(6).fill(0);
      table.rows.forEach((row, index) => {
        // What a perfect network would say at this state: the output for which x0 is the picture.
        const output = (picture - row.x0.x * x) / row.x0.output;
        const eps = row.eps.x * x + row.eps.output * output + row.eps.x0 * picture;
        const noise = Math.sin(7 * index);
        const value = (form: typeof row.next) =>
          form.x * x +
          form.x0 * picture +
          form.eps * eps +
          form.noise * noise +
          form.slots.reduce((t, w, k) => t + w * slots[k]!, 0);
        const next = value(row.next);
        const written = slots.slice();
        for (const { slot, form } of row.writes) written[slot] = value(form);
        slots = written;
        x = next;
      });
      // What ends above sigma = 0 keeps that much noise; LCM's and the consistency model's boundary keep a trace.
      const tolerance =
        { deis: 0.02, pndm: 0.02, tcd: 0.02, consistency: 0.02, "edm-euler": 0.001, ddpm: 0.02 }[name] ?? 1e-4;
      expect(Math.abs(x - picture)).toBeLessThan(tolerance);
    },
  );

  test("begin keeps the later rows' levels: image to image starts where the whole run would pass", () => {
    const whole = makeTable(schedulerNamed("dpmsolver++"), 20);
    const part = makeTable(schedulerNamed("dpmsolver++"), 20, { begin: 12 });
    expect(part.rows.map((row) => row.timestep)).toEqual(whole.rows.slice(12).map((row) => row.timestep));
    expect(part.rows[0]!.sigma).toBe(whole.rows[12]!.sigma);
    // Its first row has no past to extrapolate from.
    expect(part.rows[0]!.next.slots.every((weight) => weight === 0)).toBe(true);
  });
});

test("what is not offered says why", () => {
  for (const reason of Object.values(NOT_OFFERED)) expect(reason.length).toBeGreaterThan(10);
});
