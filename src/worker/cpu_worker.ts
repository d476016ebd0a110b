/** The worker where there is no WebGPU: TypeScript computes what else a GPU would. Slow, and for small models. */
import { cpu } from "../cpu";
import { load } from "../sampler/load";
import { serve } from "./serve";

serve((location, options) => load(location, { ...options, gpu: cpu() }));
