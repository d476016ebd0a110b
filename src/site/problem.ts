/** What the page says when something does not work: what happened, and what the visitor can do about it. */
import { CheckpointError, DeviceError } from "../index";
import { h } from "./dom";

/** A notice; `retry` gets a button where trying again makes sense. */
export function problem(error: unknown, retry?: () => void): HTMLElement {
  const { title, advice } = explain(error);
  return h(
    "section",
    { class: "problem", role: "alert" },
    h("h2", {}, title),
    h("p", {}, advice),
    h("p", { class: "problem-detail" }, messageOf(error)),
    retry && h("p", {}, h("button", { type: "button", class: "primary", onclick: retry }, "Try again")),
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function explain(error: unknown): { title: string; advice: string } {
  if (error instanceof DeviceError && !navigator.gpu) {
    return {
      title: "This browser has no WebGPU",
      advice:
        "The drawing is computed on your graphics processor, through WebGPU. Chrome and Edge have it since version 113, Safari since 26, Firefox since 141 on Windows. On Linux it may have to be switched on; and the page must come from https or localhost.",
    };
  }
  if (error instanceof DeviceError) {
    return {
      title: "The graphics processor stopped",
      advice:
        "The browser took the GPU away, as happens after a driver update, a crash, or when it runs out of memory. Trying again opens it anew; nothing else is lost.",
    };
  }
  if (error instanceof CheckpointError || error instanceof TypeError) {
    return {
      title: "The model could not be fetched",
      advice: "The network's weights are 3.6 MB beside this page. Perhaps the connection broke.",
    };
  }
  return { title: "That did not work", advice: "The engine's own words:" };
}
