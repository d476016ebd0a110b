// React 19 hands properties to custom elements and listens to their events by name (`onstep`, `ondone`).
import "unstatic/element";
import { useState } from "react";

export function Picture({ prompt }) {
  const [status, setStatus] = useState("");
  return (
    <figure>
      <unstatic-image
        src="doodle"
        prompt={prompt}
        steps={24}
        onstep={({ detail: step }) => setStatus(`step ${step.index + 1} of ${step.total}`)}
        ondone={({ detail: { report } }) => setStatus(`${prompt}, seed ${report.seed}`)}
        onerror={({ message }) => setStatus(message)}
      >
        <span slot="on-cpu">Drawn by the processor: this browser has no WebGPU</span>
      </unstatic-image>
      <figcaption>{status}</figcaption>
    </figure>
  );
}
