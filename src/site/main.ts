/** The page's first line: the shell with its views. */
import "./fonts.css";
import "./tokens.css";
import "./shell.css";
import "./controls.css";
import { Shell } from "./shell";
import { followSystem } from "./theme";
import { VIEWS } from "./views";

/** How long the page waits for its fonts; a slower connection sees the system's first. */
const FONTS_MS = 500;

const fonts = Promise.all(
  ["Inter Variable", "Source Serif 4 Variable"].map((name) => document.fonts.load(`1rem "${name}"`)),
);
await Promise.race([fonts.catch(() => {}), new Promise((resolve) => setTimeout(resolve, FONTS_MS))]);
followSystem();
const shell = new Shell(VIEWS);
document.querySelector("#site")!.replaceWith(shell.element);
shell.start();
