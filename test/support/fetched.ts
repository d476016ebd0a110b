/** Runs before each test file: what pages fetch late is there, so that tests can use it without waiting. */
import { fetchAlgorithms } from "../../src/kernels/variants";
import { fetchRareLayers } from "../../src/models/rare_layers";
import { fetchSampler } from "../../src/schedulers/registry";

await fetchSampler("euler");
await fetchAlgorithms({ kind: "cpu" }, true);
await fetchRareLayers("all");
