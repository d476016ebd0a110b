/** Light or dark: the system's choice until the visitor makes one. `data-theme` on the root element says which. */

export type Theme = "light" | "dark";

const system = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

/** Sent by `document` when the theme has changed, for whoever draws with colours of its own. */
export const THEME_EVENT = "themechange";

export function theme(): Theme {
  return root.dataset.theme === "dark" ? "dark" : "light";
}

/** The other theme, kept for the next visit; back to the system's choice, it follows the system again. */
export function toggleTheme(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  const isSystem = next === (system.matches ? "dark" : "light");
  remember(isSystem ? null : next);
  apply(next);
}

export function followSystem(): void {
  system.addEventListener("change", () => {
    if (remembered() === null) apply(system.matches ? "dark" : "light");
  });
}

function apply(next: Theme): void {
  root.dataset.theme = next;
  document.dispatchEvent(new Event(THEME_EVENT));
}

// Pages opened from a file, or with storage forbidden, have no memory; that is all they miss.
function remembered(): string | null {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

function remember(value: Theme | null): void {
  try {
    if (value === null) localStorage.removeItem("theme");
    else localStorage.setItem("theme", value);
  } catch {}
}
