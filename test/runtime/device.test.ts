import { afterEach, describe, expect, test } from "vitest";
import { activation } from "../../src/kernels/activation";
import { Recording } from "../../src/recording/recording";
import { type Device, openDevice, validated } from "../../src/runtime/device";
import { Pipelines } from "../../src/runtime/pipelines";
import { Program } from "../../src/runtime/program";
import { Weights } from "../../src/runtime/weights";
import { DeviceError, ShaderError } from "../../src/tensor/check";
import { testDevice } from "../support/gpu";
import { add } from "../support/record";

let device: Device | undefined;
afterEach(() => device?.destroy());

describe("the device of the kernel tests", () => {
  test("has nothing but WebGPU's defaults", async () => {
    const { gpu } = (await testDevice()).device;
    expect(gpu.limits).toMatchObject({
      maxStorageBuffersPerShaderStage: 8,
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeInvocationsPerWorkgroup: 256,
      maxStorageBufferBindingSize: 128 * 2 ** 20,
      maxUniformBufferBindingSize: 65536,
      maxBufferSize: 256 * 2 ** 20,
    });
    // This one says that nothing is missing, and every device has it.
    expect([...gpu.features].filter((feature) => feature !== "core-features-and-limits")).toEqual([]);
  });
});

describe("Device", () => {
  test("no adapter is an error that says what to do", async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    const opening = openDevice({ gpu });
    await expect(opening).rejects.toThrow(/^no WebGPU adapter\. In a browser, use .* in Node on Linux, install /);
    await expect(opening).rejects.toBeInstanceOf(DeviceError);
  });

  test("a destroyed device rejects what waits for it and whatever comes after", async () => {
    device = await openDevice({ baseline: true });
    const buffer = device.gpu.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC });
    const reading = device.read(buffer, 16);
    device.destroy();
    await expect(reading).rejects.toThrow(/destroyed/);
    expect(device.isAlive).toBe(false);
    await expect(device.idle()).rejects.toThrow("the device was destroyed: load the model again to go on");
  });

  test("an error outside any scope is thrown at the next wait", async () => {
    device = await openDevice({ baseline: true });
    device.gpu.createBuffer({ size: 2 ** 40, usage: GPUBufferUsage.STORAGE });
    await expect(device.idle()).rejects.toBeInstanceOf(DeviceError);
  });
});

describe("a kernel that is wrong", () => {
  const launch = (code: string) => {
    const recording = new Recording("broken");
    const x = recording.state("x", [8]);
    add(recording, "silu", activation(x, "silu"));
    recording.exchange((dispatch) => ({ ...dispatch, shader: { ...dispatch.shader, code } }));
    return recording;
  };

  test("is named with file, line and column", async () => {
    device = await openDevice({ baseline: true });
    const recording = launch("override WORKGROUP_SIZE: u32 = 1;\noverride ACTIVATION: u32 = 1;\nfn main() { smu(); }");
    const program = Program.create(device, new Pipelines(device), new Weights(device), recording);
    await expect(program).rejects.toThrow(/shaders\/activation\.wgsl.*3:13.*smu/s);
    await expect(program).rejects.toBeInstanceOf(ShaderError);
  });

  test("leaves the device usable", async () => {
    device = await openDevice({ baseline: true });
    const broken = Program.create(device, new Pipelines(device), new Weights(device), launch("nonsense"));
    await expect(broken).rejects.toBeInstanceOf(ShaderError);
    await expect(device.idle()).resolves.toBeUndefined();
    await expect(validated(device, "here", () => 1)).resolves.toBe(1);
  });
});
