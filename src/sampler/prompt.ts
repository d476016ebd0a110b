/**
 * From words to a class: prompts are the names of the model's classes.
 *
 * "a drawing of a rabbit", "Rabbits" and "RABBIT" all mean "rabbit". Everything else is an error that lists what the
 * model knows: a word silently ignored would be a picture that was not asked for.
 */
import { check, InputError } from "../tensor/check";

/** Words that say nothing about what is drawn. */
const FILLERS = new Set(
  "a an the of one some please draw me make drawing drawings picture pictures doodle doodles sketch sketches image images".split(
    " ",
  ),
);

/** The class that `prompt` names. @throws InputError where it names none, more than one, or has words beyond the name. */
export function classOf(prompt: string, labels: readonly string[]): number {
  const words = prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const matches = labels
    .map((label, index) => ({
      index,
      length: label.split(" ").length,
      at: find(label.toLowerCase().split(" "), words),
    }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => b.length - a.length);
  const [best] = matches;
  const known = () => `The model knows: ${labels.join(", ")}`;
  check(best, () => `prompt: must name something the model can draw, got "${prompt}". ${known()}`, InputError);
  const rest = words.filter((_, i) => i < best.at || i >= best.at + best.length);
  const unknown = rest.filter((word) => !FILLERS.has(word));
  check(
    unknown.length === 0,
    () => `prompt: must be one name and nothing else, got also "${unknown.join(" ")}" in "${prompt}". ${known()}`,
    InputError,
  );
  return best.index;
}

/** Where the words of `name` stand in a row in `words`, singular or plural; -1 if nowhere. */
function find(name: readonly string[], words: readonly string[]): number {
  return words.findIndex((_, start) => name.every((word, i) => isSameNoun(word, words[start + i])));
}

function isSameNoun(a: string, b: string | undefined): boolean {
  return b !== undefined && singulars(a).some((form) => singulars(b).includes(form));
}

/** What an English word may be the plural of, itself included. */
function singulars(word: string): string[] {
  const forms = [word];
  if (word.endsWith("s")) forms.push(word.slice(0, -1));
  if (word.endsWith("es")) forms.push(word.slice(0, -2));
  if (word.endsWith("ies")) forms.push(`${word.slice(0, -3)}y`);
  if (word.endsWith("ves")) forms.push(`${word.slice(0, -3)}f`, `${word.slice(0, -3)}fe`);
  if (word.endsWith("i")) forms.push(`${word.slice(0, -1)}us`);
  if (word.endsWith("men")) forms.push(`${word.slice(0, -3)}man`);
  return forms;
}
