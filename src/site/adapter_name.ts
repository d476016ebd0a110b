/** An adapter's name for people: some drivers say their maker's name twice. */
export function withoutEcho(name: string): string {
  return name.replace(/\b(\w+(?: \w+)*) \1\b/g, "$1");
}
