/** Drawings for those who have no picture at hand, with the pen of the model's own: thick, white on black. */
import { h } from "../dom";

type Draw = (pen: CanvasRenderingContext2D) => void;

/** In a square of 28 units, as large as the drawings that the model learnt from. */
const DRAWINGS: Readonly<Record<string, Draw>> = {
  house: (pen) => {
    line(pen, [4, 13, 14, 4, 24, 13, 4, 13, 5, 24, 23, 24, 24, 13]);
    line(pen, [11, 24, 11, 17, 17, 17, 17, 24]);
  },
  rabbit: (pen) => {
    ellipse(pen, 14, 18, 7, 6);
    ellipse(pen, 10.5, 8, 2, 5, -0.15);
    ellipse(pen, 17.5, 8, 2, 5, 0.15);
    for (const x of [11.5, 16.5]) ellipse(pen, x, 16.5, 0.4, 0.4);
    line(pen, [12.5, 20, 14, 21, 15.5, 20]);
  },
  sailboat: (pen) => {
    line(pen, [4, 20, 24, 20, 20, 25, 8, 25, 4, 20]);
    line(pen, [14, 20, 14, 3, 23, 17, 14, 17]);
    line(pen, [14, 6, 6, 17, 14, 17]);
  },
};

export const SAMPLES = Object.keys(DRAWINGS);

export function sampleCanvas(name: string, size: number): HTMLCanvasElement {
  const canvas = h("canvas", { width: size, height: size });
  const pen = canvas.getContext("2d")!;
  pen.fillRect(0, 0, size, size);
  pen.scale(size / 28, size / 28);
  Object.assign(pen, { strokeStyle: "#fff", lineWidth: 1.4, lineCap: "round", lineJoin: "round" });
  DRAWINGS[name]!(pen);
  return canvas;
}

function line(pen: CanvasRenderingContext2D, points: readonly number[]): void {
  pen.beginPath();
  for (let i = 0; i < points.length; i += 2) pen.lineTo(points[i]!, points[i + 1]!);
  pen.stroke();
}

function ellipse(pen: CanvasRenderingContext2D, x: number, y: number, rx: number, ry: number, turn = 0): void {
  pen.beginPath();
  pen.ellipse(x, y, rx, ry, turn, 0, 2 * Math.PI);
  pen.stroke();
}
