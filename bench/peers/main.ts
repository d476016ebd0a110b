/**
 * The engine and what people would use instead, on the very same network, in one run.
 *
 *     npm run bench:peers -- --where chromium --models doodle,unet-11m --rounds 8 --out bench/results
 *
 * Every peer answers the same inputs first and is compared with PyTorch. Then all of them take turns, round after round:
 * what else the machine does in the meantime hits everyone, so ratios hold where milliseconds do not.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { disagreement, readTensors } from "../../src/index";
import { adapterSlug, commit, loadNow, machineSince, processorMs } from "../machine";
import { type Chromium, checkInstalled, openChromium, openNodePeer, openPythonPeer, type Peer } from "./hosts";
import { PEERS, type PeerDescription, type Where } from "./peers";
import { type PeersReceipt, resultsOf, tableOf } from "./receipt";
import type { Case } from "./stepper";

const ROOT = join(import.meta.dirname, "../..");
const MODELS = join(ROOT, ".cache/models");
/** A turn of a fast peer holds several steps, of a slow one a single one. */
const TURN_MS = 300;
const STEPS_MAX = 20;
/** SwiftShader's sine and exponential are coarser than the others'. */
const TOLERANCE = 2e-4;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      where: { type: "string", default: "node" },
      models: { type: "string", default: "doodle,unet-11m,ddpm-cifar10-32" },
      peers: { type: "string" },
      rounds: { type: "string", default: "8" },
      batch: { type: "string", default: "1" },
      out: { type: "string" },
    },
  });
  checkInstalled();
  const where = values.where as Where;
  const names = values.peers?.split(",");
  const peers = PEERS.filter((peer) => peer.where.includes(where) && (names?.includes(peer.name) ?? true));
  const chromium = where === "chromium" ? await openChromium() : undefined;
  try {
    for (const name of values.models.split(",")) {
      const work = caseOf(name, Number(values.batch));
      const receipt = await measure(work, peers, Number(values.rounds), chromium);
      console.log(`${tableOf(receipt)}\n`);
      if (values.out) await write(values.out, receipt);
    }
  } finally {
    await chromium?.close();
  }
  return 0;
}

function caseOf(name: string, batch: number): Case {
  const shipped = join(ROOT, "weights", name);
  const folder = existsSync(shipped) ? shipped : join(MODELS, name);
  const onnx = join(MODELS, name, `batch-${batch}.onnx`);
  if (!existsSync(onnx)) {
    throw new Error(
      `${onnx}: no such file. Make it with: python bench/make_models.py && ` +
        `python bench/export_onnx.py ${folder} --batch ${batch}`,
    );
  }
  return { name, batch, folder, onnx, inputs: onnx.replace(/onnx$/, "safetensors") };
}

async function measure(
  work: Case,
  descriptions: readonly PeerDescription[],
  rounds: number,
  chromium: Chromium | undefined,
): Promise<PeersReceipt> {
  const expected = (await readTensors(work.inputs)).get("output")!.data;
  const peers: Peer[] = [];
  try {
    for (const description of descriptions) {
      peers.push(await openPeer(description, work, chromium));
      const { name, opened } = peers.at(-1)!;
      const error = disagreement(opened.output, expected);
      console.error(`${work.name}: ${name}, open in ${opened.openMs.toFixed(0)} ms, error ${error.toExponential(1)}`);
      if (!(error <= TOLERANCE)) throw new Error(`${name}: must agree with PyTorch to ${TOLERANCE}, got ${error}`);
    }
    const loadBefore = loadNow();
    const samples = await takeTurns(peers, rounds);
    const result = peers.map(({ name, opened }, i) => ({
      name,
      about: opened.about,
      openMs: opened.openMs,
      dispatches: opened.dispatches,
      error: disagreement(opened.output, expected),
      rounds: samples[i]!.map(({ ms }) => ms),
      processorRounds: samples[i]!.map(({ processor }) => processor),
    }));
    return {
      format: "unstatic-peers",
      version: 1,
      date: new Date().toISOString(),
      commit: commit(),
      where: chromium ? chromium.version : `Node ${process.versions.node}`,
      machine: machineSince(loadBefore),
      model: { name: work.name, batch: work.batch },
      peers: resultsOf(result),
    };
  } finally {
    for (const peer of peers) await peer.close();
  }
}

function openPeer(description: PeerDescription, work: Case, chromium: Chromium | undefined): Promise<Peer> {
  if (description.place === "python") return openPythonPeer(description, work);
  if (description.place === "host" && chromium) return chromium.open(description, work);
  return openNodePeer(description, work);
}

interface Turn {
  /** Milliseconds of every step. */
  readonly ms: readonly number[];
  /** Milliseconds of processor time a step, over all cores. */
  readonly processor: number | null;
}

/** The turns of every peer, by peer and round. */
async function takeTurns(peers: readonly Peer[], rounds: number): Promise<Turn[][]> {
  const counts = peers.map(({ opened }) => Math.min(Math.max(Math.floor(TURN_MS / opened.stepMs), 1), STEPS_MAX));
  const turns: Turn[][] = peers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, peer] of peers.entries()) {
      const before = processorMs(peer.pid);
      const ms = await peer.time(counts[i]!);
      const after = processorMs(peer.pid);
      turns[i]!.push({ ms, processor: before === null || after === null ? null : (after - before) / ms.length });
    }
    console.error(`round ${round + 1} of ${rounds}`);
  }
  return turns;
}

async function write(folder: string, receipt: PeersReceipt): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { name, batch } = receipt.model;
  const host = receipt.where.startsWith("Node") ? "node" : "chromium";
  const adapter = adapterSlug(receipt.peers[0]!.about);
  const file = join(folder, `peers-${adapter}-${host}-${name}-batch-${batch}.json`);
  await writeFile(file, `${JSON.stringify(receipt, null, 2)}\n`);
  console.error(`receipt: ${file}`);
}
