/** How time grows: with steps, and with pictures at once. */
import type { Model } from "../../index";
import { h } from "../dom";
import { type Point, plot } from "./plot";
import type { Turn } from "./turn";

const STEPS = [1, 2, 5, 10, 20];
const BATCHES = [1, 2, 4, 8];
/** Steps of each batch's run. */
const BATCH_STEPS = 4;

export class Growth {
  readonly element: HTMLElement;
  readonly #model: () => Promise<Model>;
  readonly #button: HTMLButtonElement;
  readonly #status = h("p", { class: "quiet", role: "status" });
  readonly #plots = h("div", { class: "plots" });

  constructor(model: () => Promise<Model>, turn: Turn) {
    this.#model = model;
    const start = () => turn.take(() => this.#run());
    this.#button = h("button", { type: "button", onclick: start }, "Measure growth");
    turn.add(this.#button);
    const text =
      "The same picture in 1 to 20 steps, then 1 to 8 pictures at once. Time should grow with the steps in a straight line, and not at all for each picture of a larger batch.";
    this.element = h("div", {}, h("p", {}, text), this.#button, this.#status, this.#plots);
  }

  async #run(): Promise<void> {
    this.#plots.replaceChildren();
    try {
      const model = await this.#model();
      const label = model.config.classEmbedding.type === "learned" ? { classLabel: 0 } : {};
      const total = async (count: number, steps: number) =>
        (await model.generate({ ...label, count, steps, guidance: 1, sliceMs: Infinity })).report.ms.total;
      const bySteps: Point[] = [];
      await total(1, 1); // the first dispatch of a kernel may still compile it
      for (const steps of STEPS) {
        this.#say(`${steps} of ${STEPS.at(-1)} steps …`);
        bySteps.push({ x: steps, ms: await total(1, steps) });
        this.#draw(bySteps, []);
      }
      const byBatch: Point[] = [];
      for (const batch of BATCHES) {
        this.#say(`${batch} of ${BATCHES.at(-1)} pictures at once …`);
        await total(batch, 1);
        byBatch.push({ x: batch, ms: (await total(batch, BATCH_STEPS)) / batch / BATCH_STEPS });
        this.#draw(bySteps, byBatch);
      }
      this.#say("Measured without guidance, from the first submit to the picture on the host.");
    } catch (error) {
      this.#say((error as Error).message);
    }
  }

  #draw(bySteps: readonly Point[], byBatch: readonly Point[]): void {
    this.#plots.replaceChildren(
      ...(bySteps.length > 1 ? [plot("ms for a picture, by steps", bySteps)] : []),
      ...(byBatch.length > 1 ? [plot("ms for a step of a picture, by pictures at once", byBatch)] : []),
    );
  }

  #say(text: string): void {
    this.#status.textContent = text;
  }
}
