/** HTML in one call, and keys that walk through a row of buttons. */

type Child = Node | string | null | undefined | false;
type Value = string | number | boolean | undefined | ((event: never) => void);

/** `h("button", { class: "quiet", onclick: run }, "Run")`; an attribute that is false or undefined is left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as (event: Event) => void);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

const listening = new WeakSet<HTMLElement>();

/**
 * Arrow keys, Home and End move the focus among the buttons of `container` that have `data-stop`; for the Tab key they are
 * one stop. Called again whenever the buttons are others.
 */
export function roving(container: HTMLElement): void {
  const buttons = () => [...container.querySelectorAll<HTMLButtonElement>("button[data-stop]")];
  const stopAt = (chosen: HTMLButtonElement) => {
    for (const button of buttons()) button.tabIndex = button === chosen ? 0 : -1;
  };
  const first = buttons().find((button) => button.getAttribute("aria-pressed") === "true") ?? buttons()[0];
  if (first) stopAt(first);
  if (listening.has(container)) return;
  listening.add(container);
  container.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLButtonElement && target.dataset.stop !== undefined) stopAt(target);
  });
  container.addEventListener("keydown", (event) => {
    const all = buttons();
    const now = all.indexOf(document.activeElement as HTMLButtonElement);
    if (now < 0) return;
    const places: Record<string, number> = {
      ArrowRight: now + 1,
      ArrowDown: now + 1,
      ArrowLeft: now - 1,
      ArrowUp: now - 1,
      Home: 0,
      End: all.length - 1,
    };
    const next = all[places[event.key] ?? -1];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}
