/** The part of the public surface that drawing needs: what `<unstatic-image>` fetches with its first picture. */
export { openDevice } from "./runtime/device";
export { load } from "./sampler/load";
