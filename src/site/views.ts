/** The views, in the order of the navigation. Their code is fetched when they are first opened. */
import { WEIGHTS } from "./model";
import type { ViewEntry } from "./view";

export const VIEWS: readonly ViewEntry[] = [
  {
    id: "generate",
    name: "Generate",
    title: "Watch static turn into a picture",
    lead: "A neural network draws by cleaning up noise. This one runs in your browser: name a thing, and watch it appear out of nothing, step by step.",
    create: async (site) => new (await import("./generate/view")).GenerateView(site),
  },
  {
    id: "noise",
    name: "Noise it",
    title: "How a picture becomes static",
    lead: "Before a network can clean up noise, someone has to make it. Bring a picture, drag it all the way to pure static, and see what each step takes; then let the network find the way back.",
    create: async (site) => new (await import("./noise/view")).NoiseView(site),
  },
  {
    id: "compare",
    name: "Compare",
    title: "One static, many ways out of it",
    lead: "The same noise, the same network, the same word: how the steps are taken decides what becomes of it, and how long that takes.",
    create: async (site) => new (await import("./compare/view")).CompareView(site),
  },
  {
    id: "inside",
    name: "Inside",
    title: "Every layer of the network, open",
    lead: "One step of one drawing, held still. Each box is a layer of the network and shows what it sees right now; choose one to read the program that computes it, and to change it.",
    create: async ({ model, options }) => {
      const [{ InsideView }, loaded] = await Promise.all([import("./inside/view"), model.get()]);
      return new InsideView(loaded, options);
    },
  },
  {
    id: "benchmark",
    name: "Benchmark",
    title: "How fast is it here?",
    lead: "The project's own benchmark, in your browser, on your graphics processor: every kernel timed, and held against what this very device reached in the same minute.",
    create: async ({ model }) => {
      const { BenchmarkView } = await import("./benchmark/view");
      return new BenchmarkView(WEIGHTS, model);
    },
  },
];
