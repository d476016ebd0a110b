"""Makes <folder>/reference.safetensors: what diffusers' UNet2DModel gives for one seeded input.

    pip install torch==2.13.0 diffusers==0.42.1 safetensors numpy
    python bench/make_reference.py weights/doodle

`unstatic bench` compares its first forward pass with `output` and times nothing before the two agree. The file notes the
SHA-256 of the weights, so that a reference of other weights is told from a wrong kernel. Two images with timesteps
and, where the model has classes, classes of their own: a kernel that mixes images up does not pass.
"""

import argparse
import hashlib
from pathlib import Path

import torch
from diffusers import UNet2DModel
from safetensors.torch import save_file

IMAGES = 2
SEED = 7
DEFAULT_SIZE = 32  # where config.json has no sample_size, as in src/sampler/model.ts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a diffusers folder: a UNet2DModel, or a pipeline with one in unet/")
    folder = parser.parse_args().folder
    unet_folder = folder / "unet" if (folder / "unet").is_dir() else folder
    unet = UNet2DModel.from_pretrained(unet_folder, torch_dtype=torch.float32).eval()

    config = unet.config
    size = config.sample_size or DEFAULT_SIZE
    height, width = (size, size) if isinstance(size, int) else size
    generator = torch.Generator().manual_seed(SEED)
    tensors = {
        "sample": torch.randn(IMAGES, config.in_channels, height, width, generator=generator),
        "timestep": torch.tensor([701, 42]),
    }
    if config.num_class_embeds:
        tensors["class_labels"] = torch.tensor([0, config.num_class_embeds - 1])
    with torch.no_grad():
        output = unet(tensors["sample"], tensors["timestep"], class_labels=tensors.get("class_labels")).sample
    tensors["output"] = output.contiguous()

    weights = sorted(unet_folder.glob("diffusion_pytorch_model*.safetensors"))
    if len(weights) != 1:
        raise SystemExit(f"{unet_folder}: must have one file of weights, got {len(weights)}")
    noted = {"weights_sha256": hashlib.sha256(weights[0].read_bytes()).hexdigest()}
    save_file(tensors, folder / "reference.safetensors", metadata=noted)
    print(f"{folder / 'reference.safetensors'}: {tuple(output.shape)}, std {output.std():.4f}")


if __name__ == "__main__":
    main()
