/** The worker with WebGPU: loading, compiling and encoding happen here, and pictures are drawn on the page's canvases. */
import { load } from "../sampler/load";
import { serve } from "./serve";

serve(load);
