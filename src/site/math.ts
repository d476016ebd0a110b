/** Formulas: letters in italics, `x_t` with a subscript. */
import { h } from "./dom";

/** `math("x_t = a_t x_0 + s")`; braces hold longer subscripts: `x_{t-1}`. */
export function math(formula: string, className = "math"): HTMLElement {
  const parts = formula.split(/_(\w|\{[^}]*\})/);
  return h(
    "i",
    { class: className },
    ...parts.map((part, i) => (i % 2 ? h("sub", {}, part.replace(/[{}]/g, "")) : part)),
  );
}
