/** The page's first line: the shell with its views. */
import "./fonts.css";
import "./tokens.css";
import "./shell.css";
import "./controls.css";
import { Shell } from "./shell";
import { followSystem } from "./theme";
import { VIEWS } from "./views";

followSystem();
const shell = new Shell(VIEWS);
document.querySelector("#site")!.replaceWith(shell.element);
shell.start();
