// A picture of what was chosen, or none: React mounts and unmounts the element like any other.
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Picture } from "./picture";

function App() {
  const [prompt, setPrompt] = useState("rabbit");
  return (
    <>
      <label>
        Draw{" "}
        <select value={prompt} onChange={({ target }) => setPrompt(target.value)}>
          <option>rabbit</option>
          <option>star</option>
          <option value="">nothing</option>
        </select>
      </label>
      {prompt && <Picture prompt={prompt} />}
    </>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
