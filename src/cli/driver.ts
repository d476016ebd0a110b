/**
 * Finds a driver for WebGPU in Node (Dawn over Vulkan on Linux) where a machine may have none.
 *
 * In order: a real GPU; the system's lavapipe, where it is new enough for Dawn; else SwiftShader, unpacked from the npm
 * package `@sparticuz/chromium`. The Vulkan loader reads its settings when a process starts, so the choice is a set of
 * environment variables for a child process. `UNSTATIC_ADAPTER` = hardware | lavapipe | swiftshader forces one.
 */
import { execFile } from "node:child_process";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

export type Environment = Readonly<Record<string, string>>;

/** A driver that answered: the environment that selects it and the name of its adapter. */
export interface Driver {
  readonly kind: "hardware" | "lavapipe" | "swiftshader";
  readonly adapter: string;
  readonly environment: Environment;
}

const PROBE = `
  const { create, globals } = await import(process.argv[1]);
  Object.assign(globalThis, globals);
  globalThis.keep = create(["enable-dawn-features=allow_unsafe_apis"]);
  const adapter = await globalThis.keep.requestAdapter({ powerPreference: "high-performance" });
  console.log(JSON.stringify(adapter && { ...adapter.info, architecture: adapter.info.architecture,
    description: adapter.info.description, fallback: adapter.info.isFallbackAdapter }));
  process.exit(0);
`;

/** Where lavapipe's manifest lies on common Linux systems. */
const LAVAPIPE_FOLDERS = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/**
 * The best driver of this machine.
 * @throws Error where none answers, saying what to do.
 */
export async function findDriver(wanted = process.env.UNSTATIC_ADAPTER): Promise<Driver> {
  const tried: string[] = [];
  for (const [kind, environment] of await candidates(wanted)) {
    const adapter = await probe(environment);
    const isSoftware = adapter !== undefined && /llvmpipe|swiftshader|software/i.test(adapter);
    if (adapter && (kind !== "hardware" || !isSoftware)) return { kind, adapter, environment };
    tried.push(`${kind}: ${adapter ?? "no adapter"}`);
  }
  throw new Error(
    `no WebGPU adapter (tried ${tried.join("; ") || `UNSTATIC_ADAPTER=${wanted}`}).\n` +
      "  Run 'npm ci' again: SwiftShader comes with it on x86-64 Linux. Elsewhere, install a GPU driver or Mesa 25.",
  );
}

async function candidates(wanted: string | undefined): Promise<[Driver["kind"], Environment][]> {
  // macOS and Windows bring Metal and Direct3D: there is nothing to choose.
  const found: [Driver["kind"], Environment][] = [["hardware", {}]];
  if (process.platform === "linux") {
    const manifest = await lavapipeManifest();
    if (manifest) found.push(["lavapipe", { VK_ICD_FILENAMES: manifest, XDG_RUNTIME_DIR: tmpdir() }]);
    const software = !wanted || wanted === "swiftshader" ? await swiftShaderEnvironment() : undefined;
    if (software) found.push(["swiftshader", software]);
  }
  return found.filter(([kind]) => !wanted || kind === wanted);
}

async function lavapipeManifest(): Promise<string | undefined> {
  for (const folder of LAVAPIPE_FOLDERS) {
    const names = existsSync(folder) ? await readdir(folder) : [];
    const name = names.find((file) => /^lvp_icd.*\.json$/.test(file));
    if (name) return join(folder, name);
  }
  return undefined;
}

/** Asks, in a child process, which adapter an environment gives; undefined where none does. */
function probe(environment: Environment): Promise<string | undefined> {
  const webgpu = createRequire(import.meta.url).resolve("webgpu");
  const args = ["--input-type=module", "-e", PROBE, webgpu];
  const env = { ...process.env, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: 30_000 }, (_error, stdout) => {
      try {
        const { vendor, architecture, description } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "null");
        resolve([vendor, architecture, description].filter(Boolean).join(" "));
      } catch {
        resolve(undefined);
      }
    });
  });
}

/** Unpacks SwiftShader and its Vulkan loader once, into the cache folder; undefined where npm did not bring it. */
async function swiftShaderEnvironment(): Promise<Environment | undefined> {
  const require = createRequire(import.meta.url);
  try {
    require.resolve("@sparticuz/chromium");
  } catch {
    return undefined;
  }
  const archive = join(dirname(require.resolve("@sparticuz/chromium")), "../../bin/swiftshader.tar.br");
  const folder = join(dirname(require.resolve("webgpu")), "../.cache/unstatic/swiftshader");
  if (!existsSync(folder)) await unpack(archive, folder);
  return { VK_ICD_FILENAMES: join(folder, "vk_swiftshader_icd.json"), LD_LIBRARY_PATH: folder };
}

async function unpack(archive: string, folder: string): Promise<void> {
  const { extract } = await import("tar-fs");
  await mkdir(dirname(folder), { recursive: true });
  // A folder of its own, renamed when whole: two processes may unpack at the same time.
  const partial = await mkdtemp(`${folder}-`);
  await pipeline(createReadStream(archive), createBrotliDecompress(), extract(partial));
  await writeFile(join(partial, "README"), "SwiftShader, unpacked from @sparticuz/chromium. Safe to delete.\n");
  try {
    await rename(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    await rm(partial, { recursive: true });
  }
}
