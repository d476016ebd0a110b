/** Another spacing of the steps than the model's own, for samplers that leave a choice. */
import { makeTable, type Scheduler, schedulerNamed } from "../schedulers/registry";
import { check, InputError } from "../tensor/check";
import { type SigmaSpacing, STEP_SPACINGS, type StepSpacing } from "./options";

/** The field of a scheduler_config.json behind each spacing. */
const SIGMA_FIELDS: Readonly<Record<SigmaSpacing, string>> = {
  karras: "use_karras_sigmas",
  exponential: "use_exponential_sigmas",
  beta: "use_beta_sigmas",
  lu: "use_lu_lambdas",
};

/** Steps at which two spacings are told apart: with few, they may agree. */
const PROBE_STEPS = 10;

/**
 * The scheduler with `sigmas` and `spacing` in place of its own.
 * @throws InputError where its sampler ignores what was asked for: a choice without effect would be a false answer.
 */
export function respaced(
  scheduler: Scheduler,
  { sigmas, spacing }: { readonly sigmas?: SigmaSpacing; readonly spacing?: StepSpacing },
): Scheduler {
  let result = scheduler;
  if (sigmas !== undefined) {
    const none = Object.fromEntries(Object.values(SIGMA_FIELDS).map((field) => [field, false]));
    const own = schedulerNamed(scheduler.name, { ...scheduler.given, ...none });
    result = schedulerNamed(scheduler.name, { ...own.given, [SIGMA_FIELDS[sigmas]]: true });
    check(differ(own, result), () => `sigmas: ${scheduler.name} cannot space its sigmas by "${sigmas}"`, InputError);
  }
  if (spacing !== undefined) {
    const [first, second] = STEP_SPACINGS.filter((name) => name !== spacing);
    const by = (name: StepSpacing | undefined) =>
      schedulerNamed(scheduler.name, { ...result.given, timestep_spacing: name });
    const chosen = by(spacing);
    check(
      differ(chosen, by(first)) || differ(chosen, by(second)),
      () => `spacing: ${scheduler.name}${sigmas ? ` with ${sigmas} sigmas` : ""} spaces its steps in one way only`,
      InputError,
    );
    result = chosen;
  }
  return result;
}

function differ(a: Scheduler, b: Scheduler): boolean {
  return JSON.stringify(makeTable(a, PROBE_STEPS).rows) !== JSON.stringify(makeTable(b, PROBE_STEPS).rows);
}
