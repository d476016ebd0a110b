// The library without the element: load once, draw each step out of GPU memory.
import { load } from "unstatic";

const canvas = document.querySelector("canvas");
const status = document.querySelector("[role=status]");

const model = await load("doodle", {
  onProgress: (phase, done, total) => {
    status.textContent = `${phase}: ${done} of ${total}`;
  },
});
for await (const step of model.denoise({ prompt: "rabbit", steps: 24, seed: 7 })) {
  step.draw(canvas);
  status.textContent = `step ${step.index + 1} of ${step.total}`;
}
