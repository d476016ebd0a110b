/** The page's address: `#generate?prompt=rabbit&steps=24` names a view and all that its controls say. */

export interface Address {
  readonly view: string;
  readonly options: URLSearchParams;
}

export function parseAddress(hash: string): Address {
  const [view = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { view, options: new URLSearchParams(query) };
}

/** Options that are undefined are left out; an address without options is the view alone. */
export function formatAddress(view: string, options: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  const query = new URLSearchParams(given).toString();
  return `#${view}${query && `?${query}`}`;
}

/** Puts what the controls say into the address bar: a reload, a bookmark or a copied link then repeats it. */
export function rewriteAddress(hash: string): void {
  history.replaceState(history.state, "", hash);
}

/** The whole link. */
export function linkTo(hash: string): string {
  return new URL(hash, location.href).href;
}
