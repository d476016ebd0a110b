"""PyTorch on the GPU, for a table beside `npm run bench`: one network, eager, compiled, and as a CUDA graph.

    pip install torch diffusers==0.42.1 safetensors numpy       # a CUDA build of PyTorch
    python bench/pytorch_gpu.py weights/doodle [--batch 1] [--dtype float16] [--repeats 200]

Measures a forward pass on inputs that lie on the GPU, from one CUDA event to another, many passes between two waits, as
`npm run bench` fills its submits with steps. Every variant's output is compared with the folder's reference.safetensors
before it is timed; half precision is compared more loosely. Prints a table, and with --out writes the same as JSON.
"""

import argparse
import json
import statistics
from pathlib import Path

import diffusers
import torch
from diffusers import UNet2DModel
from safetensors.torch import load_file

WARM_UP = 20
SAMPLES = 20
TOLERANCE = {"float32": 1e-3, "float16": 5e-2, "bfloat16": 3e-1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a diffusers folder with a reference.safetensors")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--dtype", choices=TOLERANCE, default="float32")
    parser.add_argument("--repeats", type=int, default=200, help="forward passes in all (default: 200)")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("pytorch_gpu.py: needs a CUDA device that PyTorch can use, found none")
    dtype = getattr(torch, arguments.dtype)
    folder = arguments.folder
    unet_folder = folder / "unet" if (folder / "unet").is_dir() else folder
    unet = UNet2DModel.from_pretrained(unet_folder, torch_dtype=dtype).eval().to("cuda")
    inputs, expected = inputs_of(folder, arguments.batch, dtype)

    rows = []
    with torch.inference_mode():
        for name, step in variants(unet, inputs):
            error = ((step().float() - expected).abs().max() / expected.std()).item()
            if not error <= TOLERANCE[arguments.dtype]:
                raise SystemExit(f"{name}: max |difference| / std must be at most {TOLERANCE[arguments.dtype]}, got {error}")
            rows.append({"name": name, "error": error, **timed(step, arguments.repeats)})
            print("{name:24} {median:8.3f} ms a step (min {min:.3f}), error {error:.1e}".format(**rows[-1]), flush=True)
    if arguments.out:
        receipt = {
            "format": "unstatic-pytorch-gpu",
            "version": 1,
            "gpu": torch.cuda.get_device_name(),
            "software": f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, diffusers {diffusers.__version__}",
            "model": folder.resolve().name,
            "batch": arguments.batch,
            "dtype": arguments.dtype,
            "ms": rows,
        }
        arguments.out.write_text(json.dumps(receipt, indent=2) + "\n")


def inputs_of(folder: Path, batch: int, dtype: torch.dtype):
    """The reference's images, over and over until there are `batch` of them, and what the network made of them."""
    reference = load_file(folder / "reference.safetensors")
    repeated = {name: tensor[torch.arange(batch) % len(tensor)].to("cuda") for name, tensor in reference.items()}
    inputs = {"sample": repeated["sample"].to(dtype), "timestep": repeated["timestep"]}
    if "class_labels" in repeated:
        inputs["class_labels"] = repeated["class_labels"]
    return inputs, repeated["output"]


def variants(unet: UNet2DModel, inputs: dict[str, torch.Tensor]):
    yield "eager", lambda: unet(**inputs).sample
    yield "eager, CUDA graph", captured(lambda: unet(**inputs).sample)
    for mode in ("default", "max-autotune"):
        compiled = torch.compile(unet, mode=mode, fullgraph=True)
        yield f"compiled, {mode}", lambda: compiled(**inputs).sample


def captured(step):
    """The step as a CUDA graph: its launches are recorded once and replayed."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = step()

    def replay() -> torch.Tensor:
        graph.replay()
        return output

    return replay


def timed(step, repeats: int) -> dict[str, float]:
    for _ in range(WARM_UP):
        step()
    per_sample = max(1, repeats // SAMPLES)
    samples = []
    for _ in range(SAMPLES):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(per_sample):
            step()
        end.record()
        torch.cuda.synchronize()
        samples.append(begin.elapsed_time(end) / per_sample)
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples)}


if __name__ == "__main__":
    main()
