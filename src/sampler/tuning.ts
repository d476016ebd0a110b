/**
 * What a tuner found, as plain data: for each place (adapter, driver, software, kernels) the choices that won there, by
 * the shape of the operation. A place or a shape that is not in it goes by the engine's own table.
 */
import { type Choice, type Chooser, kernels, shapeKey } from "../kernels/choices";
import { fetchAlgorithms } from "../kernels/variants";
import type { AdapterDescription } from "../runtime/device";
import { softwareVersion } from "../runtime/software";

export interface Tuning {
  /** null: nothing was faster than the table's choice. */
  readonly places: Readonly<Record<string, Readonly<Record<string, Choice | null>>>>;
}

/** Where a measurement holds: change any of it, and another kernel may be the fastest. */
export async function placeOf(adapter: AdapterDescription): Promise<string> {
  const { vendor, architecture, device, description, subgroupSize } = adapter;
  const name = [vendor, architecture, device, description].filter(Boolean).join(" ");
  return [name, `subgroups ${subgroupSize ?? "unknown"}`, await softwareVersion(), `kernels ${kernels}`].join("; ");
}

/** The choices for an adapter; fetches all algorithms that they may name. */
export async function chooserFor(tuning: Tuning, adapter: AdapterDescription): Promise<Chooser> {
  await fetchAlgorithms(adapter, true);
  const place = await placeOf(adapter);
  const choices = Object.hasOwn(tuning.places, place) ? tuning.places[place]! : {};
  return (operation) => {
    const key = shapeKey(operation);
    return (Object.hasOwn(choices, key) && choices[key]) || undefined;
  };
}
