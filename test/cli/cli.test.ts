/** The command line as a person types it: the built file, in a process of its own. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const FIXTURE = "test/fixtures/unets/doodle";
const ROOT = join(import.meta.dirname, "../..");

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: ROOT, timeout: 100_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}

const unstatic = (...args: string[]) => run(process.execPath, ["dist/cli.js", ...args]);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unstatic-"));
  const build = await run("npm", ["run", "-s", "build:cli"]);
  expect(build).toMatchObject({ code: 0 });
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of a small model to spoil. */
async function spoilt(name: string): Promise<string> {
  const copy = join(folder, name);
  await cp(join(ROOT, FIXTURE), copy, { recursive: true });
  return copy;
}

describe("generate", () => {
  test("--cpu draws the same picture in TypeScript and says so", async () => {
    const [slow, fast] = [join(folder, "cpu.png"), join(folder, "gpu.png")];
    const request = ["generate", "rabbit", "--steps", "2", "--seed", "7", "--guidance", "1"];
    const result = await unstatic(...request, "--cpu", "--out", slow, "--json");
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toContain("adapter: CPU (TypeScript)");
    expect(JSON.parse(result.stdout)).toMatchObject({ adapter: "CPU (TypeScript)", evaluations: 2 });
    expect((await unstatic(...request, "--out", fast)).code).toBe(0);
    const [a, b] = await Promise.all([slow, fast].map(async (file) => PNG.sync.read(await readFile(file)).data));
    expect(a!.length).toBe(b!.length);
    expect(a!.every((byte, i) => Math.abs(byte - b![i]!) <= 1)).toBe(true);
  });

  test("writes a PNG and prints the run's figures, and them alone, on standard output", async () => {
    const out = join(folder, "rabbit.png");
    const result = await unstatic("generate", "a rabbit", "--steps", "2", "--seed", "-5", "--out", out, "--json");
    expect(result.code, result.stderr).toBe(0);
    const report = JSON.parse(result.stdout);
    expect(report).toMatchObject({
      out,
      steps: 2,
      seed: String(2n ** 64n - 5n),
      readbacks: 1,
      guidance: expect.any(Number),
    });
    expect(report.ms).toEqual({
      load: expect.any(Number),
      compile: expect.any(Number),
      firstPicture: expect.any(Number),
      firstStep: expect.any(Number),
      laterStep: expect.any(Number),
      total: expect.any(Number),
    });
    expect(result.stderr).toContain("adapter: ");
    const { width, height } = PNG.sync.read(await readFile(out));
    expect([width, height]).toEqual([512, 512]);
  });

  test("grid and sheet have the size that they say", async () => {
    const grid = join(folder, "grid.png");
    await unstatic(
      "generate",
      "--model",
      FIXTURE,
      "--label",
      "1",
      "--grid",
      "3x2",
      "--steps",
      "1",
      "--scale",
      "1",
      "--out",
      grid,
    );
    expect(PNG.sync.read(await readFile(grid))).toMatchObject({ width: 3 * 12 + 2 * 2, height: 2 * 12 + 2 });
    const sheet = join(folder, "sheet.png");
    await unstatic(
      "generate",
      "--model",
      FIXTURE,
      "--label",
      "1",
      "--sheet",
      "--steps",
      "4",
      "--scale",
      "1",
      "--out",
      sheet,
    );
    expect(PNG.sync.read(await readFile(sheet))).toMatchObject({ width: 4 * 12 + 3 * 2, height: 2 * 12 + 2 });
  });
});

describe("inspect", () => {
  test("prints layers and sums, or JSON", async () => {
    const text = await unstatic("inspect", FIXTURE);
    expect(text.stdout).toContain("down_blocks.0.resnets.0.conv1");
    const { parameters, dispatchesPerStep, layers } = JSON.parse((await unstatic("inspect", FIXTURE, "--json")).stdout);
    expect(parameters).toBeGreaterThan(1000);
    expect(layers.filter((layer: { section: string }) => layer.section === "step")).toHaveLength(dispatchesPerStep);
  });
});

describe("verify", () => {
  test("passes against PyTorch's output, and exits 1 above the tolerance", async () => {
    const reference = ["--reference", `${FIXTURE}/reference.safetensors`];
    const good = await unstatic("verify", FIXTURE, ...reference, "--json");
    expect(good.code, good.stderr).toBe(0);
    expect(JSON.parse(good.stdout).relative).toBeLessThan(5e-5);
    const strict = await unstatic("verify", FIXTURE, ...reference, "--tolerance", "1e-12");
    expect(strict.code).toBe(1);
    expect(strict.stdout).toContain("FAILED");
  });
});

describe("bad input: one clear line, a non-zero exit code, no picture", () => {
  const spoil: Record<string, (model: string) => Promise<void>> = {
    "a truncated file": (model) => truncate(join(model, "diffusion_pytorch_model.safetensors"), 1000),
    "no weights": (model) => rm(join(model, "diffusion_pytorch_model.safetensors")),
    "a header of 2^60 bytes": async (model) => {
      const file = join(model, "diffusion_pytorch_model.safetensors");
      const bytes = await readFile(file);
      bytes.writeBigUInt64LE(2n ** 60n);
      await writeFile(file, bytes);
    },
    "another model's weights": (model) =>
      copyFile(
        join(ROOT, "test/fixtures/unets/odd_heads/diffusion_pytorch_model.safetensors"),
        join(model, "diffusion_pytorch_model.safetensors"),
      ),
    "an absurd configuration": async (model) => {
      const file = join(model, "config.json");
      const config = JSON.parse(await readFile(file, "utf8"));
      await writeFile(file, JSON.stringify({ ...config, block_out_channels: [1e9, 1e9, 1e9] }));
    },
    "an unknown block": async (model) => {
      const file = join(model, "config.json");
      const config = JSON.parse(await readFile(file, "utf8"));
      await writeFile(
        file,
        JSON.stringify({ ...config, down_block_types: ["DownBlock9D", "DownBlock2D", "DownBlock2D"] }),
      );
    },
    "a configuration that is no JSON": (model) => writeFile(join(model, "config.json"), "{"),
    "an empty folder": async (model) => {
      for (const file of await readdir(model)) await rm(join(model, file));
    },
  };

  test.each(Object.keys(spoil))("%s", async (name) => {
    const model = await spoilt(name.replace(/\W/g, "-"));
    await spoil[name]!(model);
    const out = join(folder, "never.png");
    const result = await unstatic("generate", "--model", model, "--label", "1", "--steps", "1", "--out", out);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^unstatic: .*(must|does not|no such)/m);
    expect(result.stderr).toContain(folder); // the message names the place
    expect(result.stderr).not.toMatch(/^\s+at /m); // no stack
    expect(existsSync(out)).toBe(false);
  });

  test.each([
    [["generate", "rabbit", "--steps", "many"], 2, "--steps must be a number, got 'many'"],
    [["generate", "rabbit", "--grid", "4"], 2, "--grid must be columns x rows such as 4x4, got '4'"],
    [["generate", "rabbit", "--speed", "9"], 2, "Unknown option '--speed'"],
    [["generate", "unicorn", "--steps", "1"], 1, "The model knows: airplane"],
    [["generate", "--model", "no/such/folder"], 1, "no/such/folder"],
    [["paint", "rabbit"], 2, "unknown command 'paint'"],
    [["verify", FIXTURE], 2, "verify needs a folder and --reference"],
  ])("%j", async (args, code, message) => {
    const result = await unstatic(...args);
    expect(result.stderr).toContain(message);
    expect(result).toMatchObject({ code, stdout: "" });
  });

  test("a picture that cannot be written leaves nothing behind", async () => {
    const result = await unstatic("generate", "rabbit", "--steps", "1", "--out", join(folder, "no/such/place.png"));
    expect(result.code).toBe(1);
    expect((await readdir(folder)).filter((name) => name.includes("partial"))).toEqual([]);
  });
});

describe("quantize", () => {
  test("writes a folder that generates, in half of f16's bytes", async () => {
    const out = join(folder, "int8");
    const made = await unstatic("quantize", FIXTURE, "--out", out, "--json");
    expect(made.code, made.stderr).toBe(0);
    const { bytes, worst } = JSON.parse(made.stdout);
    expect(bytes.after).toBeLessThan(bytes.before);
    expect(worst.map(({ dtype }: { dtype: string }) => dtype)).toEqual(["f16", "int8"]);
    const args = ["--model", out, "--label", "1", "--steps", "2", "--json", "--out", join(folder, "int8.png")];
    const drawn = await unstatic("generate", ...args, "--weights", "int8");
    expect(drawn.code, drawn.stderr).toBe(0);
    expect(JSON.parse(drawn.stdout).precision).toEqual({ weights: "int8", activations: "f32" });
    const unpacked = await unstatic("generate", ...args, "--weights", "f32");
    expect(JSON.parse(unpacked.stdout).precision.weights).toBe("f32");
  });

  test("refuses to overwrite, and what it does not know", async () => {
    expect(await unstatic("quantize", FIXTURE, "--out", folder)).toMatchObject({ code: 2 });
    const unknown = await unstatic("quantize", FIXTURE, "--out", join(folder, "x"), "--dtype", "int4");
    expect(unknown.stderr).toContain("--dtype must be one of f32, f16, int8, got 'int4'");
    const precision = await unstatic("generate", "--label", "1", "--model", FIXTURE, "--precision", "bf16");
    expect(precision.stderr).toContain("--precision must be one of f32, f16, got 'bf16'");
  });
});

describe("tune", () => {
  test("leaves a file that generate reads; places that are not this one change nothing", async () => {
    const file = join(folder, "tuning.json");
    await writeFile(file, '{"format":"unstatic tuning 1","places":{"another adapter":{}}}');
    const args = ["generate", "--label", "0", "--model", FIXTURE, "--steps", "1", "--out", join(folder, "tuned.png")];
    const generated = await unstatic(...args, "--tuning", file);
    expect(generated.code, generated.stderr).toBe(0);
  });

  test("refuses a corrupt file before it measures, and leaves it alone", async () => {
    const file = join(folder, "corrupt.json");
    await writeFile(file, "{");
    const tuned = await unstatic("tune", FIXTURE, "--file", file);
    expect(tuned).toMatchObject({ code: 1, stdout: "" });
    expect(tuned.stderr).toContain(`${file}: must be JSON`);
    expect(await readFile(file, "utf8")).toBe("{");
    const generated = await unstatic("generate", "a rabbit", "--model", FIXTURE, "--tuning", file);
    expect(generated.stderr).toContain(`${file}: must be JSON`);
  });

  test("says how to make a file that is missing", async () => {
    const generated = await unstatic("generate", "a rabbit", "--model", FIXTURE, "--tuning", join(folder, "none.json"));
    expect(generated.code).toBe(1);
    expect(generated.stderr).toMatch(/none\.json: there is no such file; 'unstatic tune <folder>' writes it/);
  });
});
