/** Pictures on a canvas, straight from GPU memory: nothing is read back, so looking at a run does not slow it down. */
import kernel from "../../shaders/draw_picture.wgsl";
import { check, InputError } from "../tensor/check";
import { type BHWC, paddedSizeOf } from "../tensor/shape";
import type { Device } from "./device";
import { encodeParams } from "./program";

export type Canvas = HTMLCanvasElement | OffscreenCanvas;

/** A batch in GPU memory, in the padded layout. */
export interface Batch {
  readonly buffer: GPUBuffer;
  readonly shape: BHWC;
}

/** A device that is not a GPU draws by its own means; its buffers are no textures' business. */
interface DrawingDevice extends GPUDevice {
  drawPictures(canvas: Canvas, x: GPUBuffer, params: Readonly<Record<string, number>>): void;
}

/** What a device needs to draw on any canvas; the format is the page's own, so there is one pipeline. */
interface Painter {
  readonly format: GPUTextureFormat;
  readonly pipeline: GPURenderPipeline;
  readonly layout: GPUBindGroupLayout;
  readonly params: GPUBuffer;
}

const painters = new WeakMap<Device, Painter>();
const contexts = new WeakMap<Canvas, { readonly device: Device; readonly context: GPUCanvasContext }>();

/**
 * Draws picture number `image`, or all as a sheet, as large as the canvas allows and centred; pixels stay sharp. The
 * canvas's own size is left alone, its other contents are cleared.
 * @throws InputError where the canvas already has a context of another kind, or there is no such picture.
 */
export function drawOn(device: Device, canvas: Canvas, { buffer, shape }: Batch, image?: number): void {
  device.check();
  const [B, H, W, C] = shape;
  check(
    image === undefined || (Number.isInteger(image) && image >= 0 && image < B),
    () => `draw: image must be a number from 0 to ${B - 1}, got ${image}`,
    InputError,
  );
  const count = image === undefined ? B : 1;
  const [columns, rows] = sheetOf(count);
  const sheet = { width: W, height: H, columns, rows, first: image ?? 0, count };
  const params = { ...sheet, channels: C, vectors: Math.ceil(C / 4) };
  if ("drawPictures" in device.gpu) {
    (device.gpu as DrawingDevice).drawPictures(canvas, buffer, params);
    return;
  }
  const painter = painterOf(device);
  const context = contextOf(device, canvas, painter.format);
  // Writes and submits keep their order, so that one uniform buffer serves every draw.
  device.gpu.queue.writeBuffer(painter.params, 0, encodeParams({ label: "draw", shader: kernel, params }));
  const bindGroup = device.gpu.createBindGroup({
    label: "draw",
    layout: painter.layout,
    entries: [
      { binding: kernel.bindings.params!.index, resource: { buffer: painter.params } },
      { binding: kernel.bindings.x!.index, resource: { buffer, size: paddedSizeOf(shape) * 4 } },
    ],
  });
  const encoder = device.gpu.createCommandEncoder({ label: "draw" });
  const pass = encoder.beginRenderPass({
    label: "draw",
    colorAttachments: [{ view: context.getCurrentTexture().createView(), loadOp: "clear", storeOp: "store" }],
  });
  const scale = Math.min(canvas.width / (columns * W), canvas.height / (rows * H));
  const [width, height] = [columns * W * scale, rows * H * scale];
  pass.setViewport((canvas.width - width) / 2, (canvas.height - height) / 2, width, height, 0, 1);
  pass.setPipeline(painter.pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.draw(3);
  pass.end();
  device.gpu.queue.submit([encoder.finish()]);
}

/** How `count` pictures lie beside and below each other: a square, or a little wider. */
export function sheetOf(count: number): [columns: number, rows: number] {
  const columns = Math.ceil(Math.sqrt(count));
  return [columns, Math.ceil(count / columns)];
}

function painterOf(device: Device): Painter {
  const known = painters.get(device);
  if (known) return known;
  const { gpu } = device;
  const format = navigator.gpu.getPreferredCanvasFormat();
  const layout = gpu.createBindGroupLayout({
    label: "draw",
    entries: Object.values(kernel.bindings).map(({ index, access }) => ({
      binding: index,
      visibility: GPUShaderStage.FRAGMENT,
      buffer: { type: access === "uniform" ? "uniform" : "read-only-storage" },
    })),
  });
  const module = gpu.createShaderModule({ label: kernel.name, code: kernel.code });
  const pipeline = gpu.createRenderPipeline({
    label: kernel.name,
    layout: gpu.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [layout] }),
    vertex: { module, entryPoint: "corner" },
    fragment: { module, entryPoint: "main", targets: [{ format }] },
  });
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const params = gpu.createBuffer({ label: "draw: params", size: kernel.params.bytes, usage });
  const painter = { format, layout, pipeline, params };
  painters.set(device, painter);
  return painter;
}

/** The canvas's WebGPU context, set up for this device; a canvas that another device drew on changes hands. */
function contextOf(device: Device, canvas: Canvas, format: GPUTextureFormat): GPUCanvasContext {
  const known = contexts.get(canvas);
  if (known?.device === device) return known.context;
  const context = canvas.getContext("webgpu") as GPUCanvasContext | null;
  check(context, () => "draw: the canvas must have no 2d or webgl context, got one that has", InputError);
  context.configure({ device: device.gpu, format, alphaMode: "premultiplied" });
  contexts.set(canvas, { device, context });
  return context;
}
