/** Tables for people: the first column left, numbers right. */

/** Rows of cells under a head, columns two spaces apart, one line each. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) => (column === 0 ? (row[0] ?? "").padEnd(width) : (row[column] ?? "").padStart(width)))
      .join("  ")
      .trimEnd();
  return [head, ...rows].map(line).join("\n");
}

/** Three significant digits without an exponent: 0.00123, 1.23, 123, 12346. */
export function digits(value: number): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return "-";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 9));
}

export function percent(share: number): string {
  return `${digits(share * 100)} %`;
}

export function mebibytes(bytes: number): string {
  return `${digits(bytes / 2 ** 20)} MiB`;
}
