/** One generation for a viewer: the loop, step by step, until it ends or the signal ends it. */
import type { GenerateOptions, Model, RunReport } from "../index";
import type { FilmViewer } from "./film_viewer";

/** Returns what the engine reports. Throws what it throws; the viewer is told of the end either way. */
export async function filmRun(
  model: Model,
  viewer: FilmViewer,
  name: string,
  options: GenerateOptions,
): Promise<RunReport> {
  viewer.begin(name);
  const run = model.denoise(options);
  try {
    for (;;) {
      const { done, value } = await run.next();
      if (done) return value.report;
      await viewer.take(value, options.count ?? 1, model.size, options.signal);
    }
  } finally {
    // Whatever ended it: a generator that is left standing would keep the model from the next run.
    await run.return(undefined as never);
    // A run that was replaced must not end its successor's show.
    if (!options.signal?.aborted) viewer.end();
  }
}
