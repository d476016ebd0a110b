/** The device's own peaks. `measurePeaks` compares both kernels' results with what they must be, and throws if they differ. */
import { afterAll, expect, test } from "vitest";
import { measurePeaks } from "../../src/bench/peaks";
import { openDevice } from "../../src/runtime/device";
import { Pipelines } from "../../src/runtime/pipelines";
import { type Clock, openClock } from "../../src/runtime/timing";

let clock: Clock | undefined;
afterAll(() => clock?.destroy());

test("multiply-adds and copies give right results at finite rates", async () => {
  const device = await openDevice();
  clock = await openClock(device);
  const { gflops, copies } = await measurePeaks(device, new Pipelines(device), clock);
  console.log(`${clock.name}, quantum ${clock.quantumMs * 1e6} ns, ${gflops.toFixed(1)} GFLOP/s`, copies);
  for (const rate of [gflops, ...copies.map(({ gbPerSecond }) => gbPerSecond)]) {
    expect(Number.isFinite(rate) && rate > 0).toBe(true);
  }
  expect(copies.map(({ bytes }) => bytes)).toEqual([...copies.map(({ bytes }) => bytes)].sort((a, b) => a - b));
  device.destroy();
});
