"""Tells the 49 categories apart: the judge of how recognisable generated drawings are.

    python weights/classifier.py train                                    # a few minutes, on the training split
    python weights/classifier.py score                                    # real validation drawings
    python weights/classifier.py score --images /tmp/generated.safetensors
    python weights/classifier.py score --images folder                    # <category>-<anything>.png, dark ink on white

A small convolutional network, trained on real drawings only. The share of the generated drawings that it puts in the
category they were asked for means something beside the same share for real drawings that it has not seen.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

import drawings

WEIGHTS = Path(__file__).resolve().parent / "classifier" / "classifier.safetensors"
LABELS = Path(__file__).resolve().parent / "doodle" / "labels.json"


def make_classifier(categories: int = 49) -> nn.Sequential:
    """Drawings [B, 1, 32, 32] to scores [B, 49]; 0.3 M parameters."""

    def stage(inputs: int, outputs: int, pool: bool) -> list[nn.Module]:
        layers = [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        return [*layers, nn.MaxPool2d(2)] if pool else layers

    return nn.Sequential(
        *stage(1, 32, pool=True),
        *stage(32, 64, pool=True),
        *stage(64, 96, pool=False),
        *stage(96, 128, pool=True),
        *stage(128, 128, pool=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(128, categories),
    )


def shifted(images: torch.Tensor) -> torch.Tensor:
    """The batch moved by up to two pixels, so that the judge does not depend on where a drawing lies in its frame."""
    rows, columns = torch.randint(-2, 3, (2,)).tolist()
    return images.roll((rows, columns), dims=(2, 3))


def train(options: argparse.Namespace) -> None:
    """AdamW with one cycle of the learning rate; writes the weights as F16."""
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    data = drawings.load(options.data, drawings.TRAIN)
    model = make_classifier(len(data.names)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.02, fused=True)
    steps = options.epochs * (len(data.labels) // options.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    began = time.monotonic()
    for step in range(steps):
        if step % (steps // options.epochs) == 0:
            order = torch.randperm(len(data.labels)).split(options.batch)
        images, labels = data.batch(order[step % (steps // options.epochs)])
        scores = model(shifted(images).contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(scores, labels, label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.3f}, {time.monotonic() - began:.0f} s", flush=True)
    options.weights.parent.mkdir(parents=True, exist_ok=True)
    state = {name: value.half() if value.is_floating_point() else value for name, value in model.state_dict().items()}
    save_file({name: value.contiguous() for name, value in state.items()}, options.weights)


def read_images(path: Path | None, data: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Drawings f32 [N, 1, 32, 32] in [-1, 1] and their labels i64 [N], from where `--images` says."""
    if path is None:
        held_out = drawings.load(data, drawings.VALIDATION)
        return held_out.batch(torch.arange(len(held_out.labels)))
    if path.is_dir():
        return read_folder(path)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as archive:
            images, labels = torch.from_numpy(archive["images"]), torch.from_numpy(archive["labels"])
    else:
        tensors = load_file(path)
        images, labels = tensors["images"], tensors["labels"]
    if images.dtype == torch.uint8:
        return drawings.to_model_range(images), labels.long()
    if images.shape[1:] != (1, drawings.SIZE, drawings.SIZE):
        raise ValueError(f"score: images must be [N, 1, {drawings.SIZE}, {drawings.SIZE}], got {list(images.shape)}")
    return images.float(), labels.long()


def read_folder(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """PNGs named after their category; larger pictures are averaged down to 32x32."""
    names = json.loads(LABELS.read_text())["labels"]
    images, labels = [], []
    for file in sorted(folder.glob("*.png")):
        category = file.stem.split("-")[0].replace("_", " ")
        if category not in names:
            raise ValueError(f"score: file names must begin with a category and '-', got {file.name}")
        size = (drawings.SIZE, drawings.SIZE)
        pixels = np.asarray(Image.open(file).convert("L").resize(size, Image.Resampling.BOX), dtype=np.float32)
        images.append(torch.from_numpy(1 - pixels / 127.5).unsqueeze(0))
        labels.append(names.index(category))
    return torch.stack(images), torch.tensor(labels)


@torch.no_grad()
def score(options: argparse.Namespace) -> None:
    """Prints one JSON object: accuracy, its mean over the categories, each category's, and the commonest mistakes."""
    names = json.loads(LABELS.read_text())["labels"]
    model = make_classifier(len(names)).eval()
    model.load_state_dict(load_file(options.weights))
    images, labels = read_images(options.images, options.data)
    guess = torch.cat([model(part).argmax(dim=1) for part in images.split(256)])
    right = (guess == labels).double()
    by_category = {names[c]: round(right[labels == c].mean().item(), 3) for c in labels.unique().tolist()}
    wrong: dict[str, int] = {}
    for asked, seen in zip(labels[guess != labels].tolist(), guess[guess != labels].tolist(), strict=True):
        key = f"{names[asked]} as {names[seen]}"
        wrong[key] = wrong.get(key, 0) + 1
    report = {
        "drawings": len(labels),
        "accuracy": round(right.mean().item(), 4),
        "mean_over_categories": round(sum(by_category.values()) / len(by_category), 4),
        "by_category": dict(sorted(by_category.items(), key=lambda item: item[1])),
        "commonest_mistakes": dict(sorted(wrong.items(), key=lambda item: -item[1])[:12]),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train or use the judge of recognisability.")
    parser.add_argument("command", choices=["train", "score"])
    parser.add_argument("--images", type=Path, help="safetensors or npz (images, labels), or a folder of PNGs")
    parser.add_argument("--data", type=Path, default=drawings.DEFAULT_PATH, help="doodles28.npz")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    {"train": train, "score": score}[options.command](options)
