"""PyTorch on the CPU as a peer: reads a count of steps a line, answers with their milliseconds as JSON.

    python bench/peers/pytorch.py <diffusers folder> <inputs.safetensors>
"""

import json
import sys
import time
from pathlib import Path

import diffusers
import torch
from safetensors.torch import load_file

THREADS = 2


def main() -> None:
    start = time.perf_counter()
    folder, inputs = map(Path, sys.argv[1:])
    torch.set_num_threads(THREADS)
    unet_folder = folder / "unet" if (folder / "unet").is_dir() else folder
    unet = diffusers.UNet2DModel.from_pretrained(unet_folder, torch_dtype=torch.float32).eval()
    tensors = load_file(inputs)

    def step() -> torch.Tensor:
        return unet(tensors["sample"], tensors["timestep"], class_labels=tensors.get("class_labels")).sample

    with torch.inference_mode():
        output = step().flatten().tolist()
        about = f"PyTorch {torch.__version__}, diffusers {diffusers.__version__}, {THREADS} threads"
        open_ms = (time.perf_counter() - start) * 1e3
        step_ms = timed(step)
        opened = {"about": about, "openMs": open_ms, "stepMs": step_ms, "dispatches": None, "output": output}
        print(json.dumps(opened), flush=True)
        for line in sys.stdin:
            print(json.dumps([timed(step) for _ in range(int(line))]), flush=True)


def timed(step) -> float:
    begin = time.perf_counter()
    step()
    return (time.perf_counter() - begin) * 1e3


if __name__ == "__main__":
    main()
