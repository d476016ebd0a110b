/** The build's promise about sizes is kept by failing. */
import { expect, test } from "vitest";
import { gzippedBytes, sizeLimit } from "../../src/build/size_limit";

const CHUNKS = {
  "element.js": { name: "element", isEntry: true, code: "import('./engine.js')", imports: [], moduleIds: [] },
  "engine.js": { isEntry: false, code: "import './shared.js'", imports: ["shared.js"], moduleIds: ["/src/engine.ts"] },
  "shared.js": { isEntry: false, code: "shared", imports: [], moduleIds: ["/src/shared.ts"] },
  "late.js": { isEntry: false, code: "late", imports: [], moduleIds: ["/src/late.ts"] },
};
const NEEDED = ["element.js", "engine.js", "shared.js"] as const;
const TOTAL = NEEDED.reduce((sum, file) => sum + gzippedBytes(CHUNKS[file].code), 0);

/** What the plugin notes of a page that fetches such modules. */
function build(fetches: readonly string[], limit: number): Record<string, Record<string, number>> {
  let noted = "{}";
  const context = {
    error: (message: string) => {
      throw new Error(message);
    },
    info: () => {},
    emitFile: ({ source }: { source: string }) => {
      noted = source;
    },
  };
  const bundle = Object.fromEntries(
    Object.entries(CHUNKS).map(([fileName, chunk]) => [fileName, { type: "chunk", fileName, ...chunk }]),
  );
  const { generateBundle } = sizeLimit("element", { page: { fetches, limit } });
  (generateBundle as unknown as (this: typeof context, options: object, bundle: object) => void).call(
    context,
    {},
    bundle,
  );
  return JSON.parse(noted);
}

test("counts the entry, what the page fetches, and what that imports; nothing else", () => {
  expect(Object.keys(build(["/src/engine.ts"], TOTAL).page!)).toEqual(NEEDED);
});

test("one byte too many fails, and says which files there are", () => {
  expect(() => build(["/src/engine.ts"], TOTAL - 1)).toThrow(
    `element must stay within its limits, got page ${TOTAL} of at most ${TOTAL - 1} bytes gzipped: element.js`,
  );
});

test("a module that no chunk holds fails: the list must stay true", () => {
  expect(() => build(["/src/gone.ts"], TOTAL)).toThrow("no /src/gone.ts in element.js, engine.js, shared.js, late.js");
});
