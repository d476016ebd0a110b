"""Draws with the exported model in plain PyTorch and diffusers: a look at the weights, and an oracle for the engine.

    python weights/sample.py --categories rabbit cat --count 8 --sheet /tmp/sheet.png
    python weights/sample.py --count 20 --out /tmp/generated.safetensors     # every category, for classifier.py

Guidance is one batch of two: v = v_none + guidance * (v_category - v_none) (Ho and Salimans 2022, eq. 6 with
guidance = 1 + w), then a step of DDPM, or of DDIM without noise.
"""

import argparse
import json
from pathlib import Path

import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel
from PIL import Image
from safetensors.torch import save_file

SAMPLERS = {"ddpm": DDPMScheduler, "ddim": DDIMScheduler}


@torch.no_grad()
def denoise(unet, scheduler, noise, labels, unconditional: int, guidance: float, generator) -> torch.Tensor:
    """From noise [B, 1, 32, 32] to drawings of the same shape in [-1, 1]; `labels` i64 [B]."""
    x = noise
    both = torch.cat([torch.full_like(labels, unconditional), labels])
    for timestep in scheduler.timesteps:
        stacked = torch.cat([x, x]).contiguous(memory_format=torch.channels_last)
        none, category = unet(stacked, timestep, class_labels=both, return_dict=False)[0].chunk(2)
        guided = none + guidance * (category - none)
        x = scheduler.step(guided, timestep, x, generator=generator, return_dict=False)[0]
    return x.clamp(-1, 1)


def contact_sheet(images: torch.Tensor, columns: int, scale: int = 2) -> Image.Image:
    """Drawings [N, 1, 32, 32] as dark ink on white paper, `columns` in a row, each pixel `scale` wide."""
    count, _, height, width = images.shape
    rows = -(-count // columns)
    sheet = Image.new("L", (columns * width, rows * height), 255)
    for i, image in enumerate(images):
        pixels = ((1 - image[0]) * 127.5).round().byte().numpy()
        sheet.paste(Image.fromarray(pixels), (i % columns * width, i // columns * height))
    return sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST)


def main(options: argparse.Namespace) -> None:
    """Samples `count` drawings of each category, one category a row."""
    table = json.loads((options.model / "labels.json").read_text())
    names = options.categories or table["labels"]
    unknown = [name for name in names if name not in table["labels"]]
    if unknown:
        raise SystemExit(f"sample: categories must be among {', '.join(table['labels'])}, got {', '.join(unknown)}")
    guidance = table["guidance"] if options.guidance is None else options.guidance
    unet = UNet2DModel.from_pretrained(options.model, subfolder="unet").float().eval()
    unet = unet.to(memory_format=torch.channels_last)
    scheduler = SAMPLERS[options.sampler].from_pretrained(options.model, subfolder="scheduler")

    labels = torch.tensor([table["labels"].index(name) for name in names]).repeat_interleave(options.count)
    generator = torch.Generator().manual_seed(options.seed)
    size = unet.config.sample_size
    noise = torch.randn(len(labels), 1, size, size, generator=generator)
    scheduler.set_timesteps(options.steps)
    none = table["unconditional"]
    parts = [
        denoise(unet, scheduler, noise[part], labels[part], none, guidance, generator)
        for part in torch.arange(len(labels)).split(options.batch)
    ]
    images = torch.cat(parts).contiguous()
    if options.out:
        save_file({"images": images, "labels": labels, "noise": noise}, options.out)
    if options.sheet:
        contact_sheet(images, options.columns or options.count).save(options.sheet)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw with the exported model in PyTorch.")
    parser.add_argument("--model", type=Path, default=Path(__file__).resolve().parent / "doodle")
    parser.add_argument("--categories", nargs="*", help="default: all of them")
    parser.add_argument("--count", type=int, default=8, help="drawings of each category")
    parser.add_argument("--guidance", type=float, help="default: the one in labels.json")
    parser.add_argument("--sampler", choices=SAMPLERS, default="ddpm")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--columns", type=int, help="default: count, so that a row is a category")
    parser.add_argument("--out", type=Path, help="safetensors with images, labels and the noise that they began as")
    parser.add_argument("--sheet", type=Path, help="PNG")
    main(parser.parse_args())
