/**
 * Which software stands between a kernel and the adapter, with its version: the browser, or Dawn for Node. Its compiler
 * changes from version to version, and with it which kernel is fastest.
 */
import { check, DeviceError } from "../tensor/check";

/** Held in constants of the module, so that bundlers for pages do not look for these modules. */
const NODE_MODULE = "node:module";
const MANIFEST = "webgpu/package.json";

/** `Chrome 147`, `Firefox 145`, `Dawn for Node 0.6.2`. */
export async function softwareVersion(): Promise<string> {
  if (globalThis.navigator?.gpu) return browserOf(navigator.userAgent);
  const { createRequire }: typeof import("node:module") = await import(/* @vite-ignore */ NODE_MODULE);
  const manifest: unknown = createRequire(import.meta.url)(MANIFEST);
  const { version } = manifest as { readonly version?: unknown };
  check(typeof version === "string", () => `${MANIFEST}: 'version' must be a string`, DeviceError);
  return `Dawn for Node ${version}`;
}

/** The browser's name and major version: minor ones keep the compiler. */
export function browserOf(userAgent: string): string {
  const [, name, major] = /\b(Firefox|Edg|OPR|Chrome|HeadlessChrome|Version)\/(\d+)/.exec(userAgent) ?? [];
  if (!name) return userAgent;
  return `${name === "Version" ? "Safari" : name.replace("Headless", "")} ${major}`;
}
