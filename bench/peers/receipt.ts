/** What a run of the peers leaves: all samples, their summary, and a table for people. */
import { type Spread, spreadOf } from "../../src/bench/spread";
import { digits, textTable } from "../../src/bench/text_table";
import type { Machine } from "../machine";

export interface PeerResult {
  readonly name: string;
  readonly about: string;
  /** From nothing to the first step done: session, compilation, step. */
  readonly openMs: number;
  readonly dispatches: number | null;
  /** max |difference| / std(output) to PyTorch. */
  readonly error: number;
  /** Milliseconds a step. */
  readonly ms: Spread;
  readonly msMin: number;
  /** This peer's step over the first peer's: median of the rounds' ratios, and the ratio of the two minima. */
  readonly ratio: number;
  readonly ratioOfMinima: number;
  /**
   * Milliseconds of processor time a step, over all cores: median of the rounds; null where it is not told. On a busy
   * machine it says too much of peers whose threads wait in a loop, on a GPU little of any: the clock is what to compare.
   */
  readonly processorMs: number | null;
  readonly processorRatio: number | null;
  readonly processorRounds: readonly (number | null)[];
  /** Milliseconds of every step, round by round. */
  readonly rounds: readonly (readonly number[])[];
}

export interface PeersReceipt {
  readonly format: "unstatic-peers";
  readonly version: 1;
  readonly date: string;
  readonly commit: string;
  /** Node or the browser, with its version. */
  readonly where: string;
  readonly machine: Machine;
  readonly model: { readonly name: string; readonly batch: number };
  readonly peers: readonly PeerResult[];
}

/** The first peer is what the others are measured against. */
export function resultsOf(
  peers: readonly Omit<PeerResult, "ms" | "msMin" | "ratio" | "ratioOfMinima" | "processorMs" | "processorRatio">[],
): PeerResult[] {
  const median = (samples: readonly number[]) => spreadOf(samples).median;
  const base = peers[0]!;
  const baseMin = Math.min(...base.rounds.flat());
  const processorOf = ({ processorRounds }: Pick<PeerResult, "processorRounds">) => {
    const told = processorRounds.filter((ms) => ms !== null);
    return told.length > 0 ? median(told) : null;
  };
  const baseProcessor = processorOf(base);
  return peers.map((peer) => {
    const samples = peer.rounds.flat();
    const msMin = Math.min(...samples);
    const ratio = median(peer.rounds.map((round, i) => median(round) / median(base.rounds[i]!)));
    const processorMs = processorOf(peer);
    const processorRatio = processorMs !== null && baseProcessor ? processorMs / baseProcessor : null;
    const ratioOfMinima = msMin / baseMin;
    return { ...peer, ms: spreadOf(samples), msMin, ratio, ratioOfMinima, processorMs, processorRatio };
  });
}

export function tableOf({ model, where, machine, commit, peers }: PeersReceipt): string {
  const head = [
    "peer",
    "ms a step",
    "p10",
    "p90",
    "min",
    "ratio",
    "of minima",
    "CPU ms",
    "of CPU",
    "dispatches",
    "error",
    "open s",
  ];
  const rows = peers.map(({ name, ms, msMin, ratio, ratioOfMinima, processorMs, processorRatio, ...rest }) => [
    name,
    digits(ms.median),
    digits(ms.p10),
    digits(ms.p90),
    digits(msMin),
    `x ${digits(ratio)}`,
    `x ${digits(ratioOfMinima)}`,
    processorMs === null ? "-" : digits(processorMs),
    processorRatio === null ? "-" : `x ${digits(processorRatio)}`,
    rest.dispatches === null ? "-" : String(rest.dispatches),
    rest.error.toExponential(1),
    digits(rest.openMs / 1000),
  ]);
  const load = `load ${digits(machine.loadBefore)} to ${digits(machine.loadAfter)}`;
  return [
    `${model.name}, batch ${model.batch}: ${where}, commit ${commit}, ${machine.cores} cores, ${load}`,
    ...new Set(peers.map(({ about }) => `  ${about}`)),
    textTable(head, rows),
  ].join("\n");
}
