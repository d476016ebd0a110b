"""Trains the doodle model: a class-conditional diffusers UNet2DModel on 32x32 drawings, for a given number of minutes.

    pip install torch==2.13.0 diffusers numpy
    python weights/train.py --minutes 100 --out /tmp/doodle-training

The budget is wall time and not steps, since a model that must be ready at six is only useful at six: the learning rate
follows the share of the time that has passed. A run that was interrupted goes on from `--out` with what was left.

The objective is v-prediction (Salimans and Ho 2022, appendix D) under the cosine schedule (Nichol and Dhariwal 2021,
eq. 17). The condition is replaced by the label "none" in 12 % of the drawings, so that the same network also gives the
unconditional prediction that classifier-free guidance needs (Ho and Salimans 2022).
"""

import argparse
import csv
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

# The activations of a batch are freed and asked for again at every step. Without these lines the allocator gives them
# back to the kernel each time, and a tenth of the training goes into page faults. They must be set before torch loads.
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "8000000000", "MALLOC_TOP_PAD_": "268435456"}
if __name__ == "__main__" and any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
    import sys

    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ALLOCATOR})

import torch
from diffusers import DDPMScheduler, UNet2DModel

import drawings
import typical

CONDITION_DROPOUT = 0.12
TRAIN_TIMESTEPS = 1000
UNCONDITIONAL = 49


def make_unet() -> UNet2DModel:
    """1.8 M parameters, 0.3 G multiply-adds a forward pass. Attention only at 8x8, where it costs next to nothing."""
    return UNet2DModel(
        sample_size=drawings.SIZE,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(32, 64, 96),
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        norm_num_groups=8,
        attention_head_dim=32,
        num_class_embeds=UNCONDITIONAL + 1,
    )


def noise_levels() -> torch.Tensor:
    """The cosine schedule's cumulative alphas, f32 [1000], as diffusers computes them for the samplers."""
    return DDPMScheduler(num_train_timesteps=TRAIN_TIMESTEPS, beta_schedule="squaredcos_cap_v2").alphas_cumprod


def velocity_loss(unet, clean, labels, timesteps, noise, alphas_cumprod) -> torch.Tensor:
    """Mean square error of v = sqrt(alpha) eps - sqrt(1 - alpha) x0, one number per drawing: f32 [B]."""
    alpha = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    signal, spread = alpha.sqrt(), (1 - alpha).sqrt()
    noisy = (signal * clean + spread * noise).contiguous(memory_format=torch.channels_last)
    predicted = unet(noisy, timesteps, class_labels=labels, return_dict=False)[0]
    return (predicted - (signal * noise - spread * clean)).square().mean(dim=(1, 2, 3))


def stratified_timesteps(count: int) -> torch.Tensor:
    """`count` timesteps 1000 u^0.7, with one u from each of `count` equal slices of 0..1.

    The slices take most of the noise out of the gradient. The exponent moves work from the last steps, which only clean
    the strokes, to the noisy ones, where it is settled what is drawn: 18 % of the timesteps lie below 300 and not 30 %.
    """
    uniform = (torch.randperm(count) + torch.rand(count)) / count
    return (TRAIN_TIMESTEPS * uniform**0.7).long().clamp(max=TRAIN_TIMESTEPS - 1)


def learning_rate(peak: float, passed: float) -> float:
    """Linear warm-up over the first 1.5 % of the time, then a cosine down to 1 % of the peak. `passed` is in 0..1."""
    warm_up = 0.015
    if passed < warm_up:
        return peak * max(passed / warm_up, 0.01)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, (passed - warm_up) / (1 - warm_up)))))


def average_into(average: UNet2DModel, unet: UNet2DModel, step: int) -> None:
    """Exponential moving average over about the last 4 % of the steps so far.

    A fixed decay of 0.9999 would still carry the random start after a short run (Karras et al. 2024, section 3.1, use
    a window that grows with the run for the same reason).
    """
    weight = max(1 / (10 + 0.04 * step), 1 / 2000)
    with torch.no_grad():
        torch._foreach_lerp_(list(average.parameters()), list(unet.parameters()), weight)


@torch.no_grad()
def validation_loss(unet: UNet2DModel, held_out: drawings.Drawings, alphas_cumprod: torch.Tensor) -> float:
    """Loss on 1024 held-out drawings, with the same drawings, timesteps and noise each time it is called."""
    generator = torch.Generator().manual_seed(1)
    count, chunk = 1024, 128
    index = torch.randperm(len(held_out.labels), generator=generator)[:count]
    timesteps = ((torch.arange(count) + 0.5) * TRAIN_TIMESTEPS / count).long()
    noise = torch.randn(count, 1, drawings.SIZE, drawings.SIZE, generator=generator)
    losses = []
    for start in range(0, count, chunk):
        part = slice(start, start + chunk)
        clean, labels = held_out.batch(index[part])
        losses.append(velocity_loss(unet, clean, labels, timesteps[part], noise[part], alphas_cumprod))
    return torch.cat(losses).mean().item()


@dataclass
class Progress:
    """How far a run has come; saved with the weights."""

    step: int = 0
    seconds: float = 0.0
    drawings_seen: int = 0


def save(path: Path, unet, average, optimizer, progress: Progress) -> None:
    """Writes beside `path` and renames, so that a reader never meets half a checkpoint."""
    state = {
        "unet": unet.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": vars(progress),
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def resume(path: Path, unet, average, optimizer) -> Progress:
    """The state that `save` left at `path`, or a fresh start."""
    if not path.exists():
        return Progress()
    state = torch.load(path, weights_only=True)
    unet.load_state_dict(state["unet"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return Progress(**state["progress"])


class Log:
    """Appends to loss.csv; the training loss is the mean since the last row, the validation loss is often left out."""

    def __init__(self, path: Path):
        self.path = path
        if not path.exists():
            self._append(["step", "minutes", "drawings", "learning_rate", "train_loss", "validation_loss"])

    def row(self, progress: Progress, rate: float, train: float, validation: float | None) -> None:
        held_out = "" if validation is None else f"{validation:.5f}"
        minutes = f"{progress.seconds / 60:.2f}"
        self._append([progress.step, minutes, progress.drawings_seen, f"{rate:.2e}", f"{train:.5f}", held_out])

    def _append(self, cells: list) -> None:
        with self.path.open("a", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(cells)


def train(options: argparse.Namespace) -> None:
    """Runs until the minutes are over; leaves checkpoint.pt and loss.csv in `options.out`."""
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = options.out / "checkpoint.pt"
    data = typical.most_typical(drawings.load(options.data, drawings.TRAIN), options.share)
    held_out = drawings.load(options.data, drawings.VALIDATION)
    weights = drawings.balanced_weights(data.labels)
    alphas_cumprod = noise_levels()

    torch.manual_seed(options.seed)
    unet = make_unet().to(memory_format=torch.channels_last)
    average = make_unet().to(memory_format=torch.channels_last).requires_grad_(False)
    average.load_state_dict(unet.state_dict())
    optimizer = torch.optim.AdamW(unet.parameters(), betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    progress = resume(checkpoint, unet, average, optimizer)
    torch.manual_seed(options.seed + progress.step)

    log = Log(options.out / "loss.csv")
    budget = options.minutes * 60
    origin = time.monotonic() - progress.seconds
    losses: list[float] = []
    saved_at = progress.seconds
    while progress.seconds < budget:
        rate = learning_rate(options.rate, progress.seconds / budget)
        losses.append(training_step(unet, optimizer, data, weights, alphas_cumprod, options.batch, rate))
        average_into(average, unet, progress.step)
        progress.step += 1
        progress.drawings_seen += options.batch
        progress.seconds = time.monotonic() - origin
        over = progress.seconds >= budget
        due = over or progress.seconds - saved_at >= options.save_every * 60
        if due:
            save(checkpoint, unet, average, optimizer, progress)
            saved_at = progress.seconds
        if due or progress.step % 50 == 0:
            validation = validation_loss(average, held_out, alphas_cumprod) if due else None
            log.row(progress, rate, sum(losses) / len(losses), validation)
            losses.clear()


def training_step(unet, optimizer, data, weights, alphas_cumprod, batch: int, rate: float) -> float:
    """One AdamW step at learning rate `rate`; returns the batch's loss."""
    clean, labels = data.batch(torch.multinomial(weights, batch))
    labels = torch.where(torch.rand(batch) < CONDITION_DROPOUT, UNCONDITIONAL, labels)
    timesteps, noise = stratified_timesteps(batch), torch.randn_like(clean)
    loss = velocity_loss(unet, clean, labels, timesteps, noise, alphas_cumprod).mean()
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
    optimizer.step()
    return loss.item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the doodle model for a number of minutes.")
    parser.add_argument("--minutes", type=float, required=True, help="wall time of the whole run, pauses left out")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint.pt and loss.csv; resumed")
    parser.add_argument("--data", type=Path, default=drawings.DEFAULT_PATH, help="doodles28.npz")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--share", type=float, default=0.3, help="of each category, the drawings easiest to recognise")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--save-every", type=float, default=5, help="minutes between checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    train(parser.parse_args())
