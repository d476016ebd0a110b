"""Writes the very network of a diffusers folder as ONNX, in f32 and with fixed shapes, for the peers of bench/peers.

    pip install torch==2.13.0 diffusers==0.42.1 safetensors numpy onnx==1.23.2 onnxscript==0.7.2
    python bench/export_onnx.py weights/doodle .cache/models/unet-11m .cache/models/ddpm-cifar10-32 [--batch 4]

Into .cache/models/<name>/: batch-<B>.onnx, and batch-<B>.safetensors with the inputs (sample, timestep, class_labels)
and PyTorch's output, which every runtime's answer is compared with. Timesteps are floats and classes 32-bit integers,
since 64-bit integers would send a peer's WebGPU provider to the CPU and back.
"""

import argparse
from pathlib import Path

import onnx
import torch
from diffusers import UNet2DModel
from safetensors.torch import load_file, save_file

FOLDER = Path(__file__).parent.parent / ".cache/models"
OPSET = 18


class Network(torch.nn.Module):
    def __init__(self, unet: UNet2DModel):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, class_labels=None):
        return self.unet(sample, timestep, class_labels=class_labels, return_dict=False)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="diffusers folders with a reference.safetensors")
    parser.add_argument("--batch", type=int, default=1, help="images at once (default: 1)")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        export(folder, arguments.batch)


def export(folder: Path, batch: int) -> None:
    unet = UNet2DModel.from_pretrained(folder / "unet" if (folder / "unet").is_dir() else folder, torch_dtype=torch.float32)
    network = Network(unet).eval()
    reference = load_file(folder / "reference.safetensors")
    repeated = lambda tensor: tensor[torch.arange(batch) % len(tensor)].contiguous()
    inputs = {"sample": repeated(reference["sample"]), "timestep": repeated(reference["timestep"]).float()}
    if "class_labels" in reference:
        inputs["class_labels"] = repeated(reference["class_labels"]).int()
    with torch.no_grad():
        output = network(*inputs.values())
    target = FOLDER / folder.resolve().name
    target.mkdir(parents=True, exist_ok=True)
    file = target / f"batch-{batch}.onnx"
    program = torch.onnx.export(
        network, tuple(inputs.values()), input_names=list(inputs), output_names=["output"], opset_version=OPSET, dynamo=True
    )
    onnx.save(program.model_proto, file)
    save_file(inputs | {"output": output.contiguous()}, target / f"batch-{batch}.safetensors")
    nodes = len(program.model_proto.graph.node)
    print(f"{file}: {nodes} nodes, {file.stat().st_size / 2**20:.1f} MiB", flush=True)


if __name__ == "__main__":
    main()
