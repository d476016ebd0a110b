"""Turns a training checkpoint into a diffusers pipeline folder with half-precision weights.

    python weights/export.py --run /tmp/doodle-training --out weights/doodle --guidance 2

Only the averaged weights are kept. They are written as F16: 2 bytes a parameter, and a rounding error (2^-11 relative)
far below the noise of the training. `diffusers.DDPMPipeline.from_pretrained(out)` opens the folder as it is.
"""

import argparse
import csv
import json
from pathlib import Path

import torch
from diffusers import DDPMPipeline, DDPMScheduler

import drawings
from train import TRAIN_TIMESTEPS, UNCONDITIONAL, make_unet


def make_scheduler() -> DDPMScheduler:
    """The schedule of the training, and DDPM: the noise of its steps lets it correct what an early step got wrong.

    DDIM takes the same weights but draws worse with them. "trailing" starts at timestep 999, which is noise alone.
    """
    return DDPMScheduler(
        num_train_timesteps=TRAIN_TIMESTEPS,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        clip_sample=True,
        clip_sample_range=1.0,
        variance_type="fixed_small",
        timestep_spacing="trailing",
    )


def write_labels(path: Path, names: list[str], guidance: float) -> None:
    """labels.json: what diffusers has no place for. The index in `labels` is the class label of the UNet."""
    text = json.dumps({"labels": names, "unconditional": UNCONDITIONAL, "guidance": guidance}, indent=2)
    path.write_text(text + "\n")


def loss_curve(rows: list[dict[str, str]]) -> str:
    """An SVG of the training loss (line) and the validation loss (dots) over the drawings seen."""
    width, height, left, bottom, top = 640, 280, 52, 40, 16
    points = [(int(row["drawings"]), float(row["train_loss"])) for row in rows]
    held_out = [(int(row["drawings"]), float(row["validation_loss"])) for row in rows if row["validation_loss"]]
    last = max(seen for seen, _ in points)
    floor = 0.02 * int(min(loss for _, loss in points + held_out) / 0.02)
    ceiling = floor + 0.16

    def place(seen: float, loss: float) -> tuple[float, float]:
        share = (min(loss, ceiling) - floor) / (ceiling - floor)
        return left + (width - left - 16) * seen / last, height - bottom - (height - bottom - top) * share

    line = " ".join("{:.1f},{:.1f}".format(*place(*point)) for point in points)
    circle = '<circle cx="{:.1f}" cy="{:.1f}" r="2.5" fill="#c2410c"/>'
    dots = "".join(circle.format(*place(*point)) for point in held_out)
    marks = []
    for tick in range(5):
        x, _ = place(last * tick / 4, floor)
        _, y = place(0, floor + 0.04 * tick)
        marks.append(f'<path d="M{left} {y:.1f}H{width - 16}" stroke="#e5e7eb"/>')
        marks.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{floor + 0.04 * tick:.2f}</text>')
        thousands = f"{last * tick / 4000:.0f}k"
        marks.append(f'<text x="{x:.1f}" y="{height - bottom + 16}" text-anchor="middle">{thousands}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(marks)}'
        f'<polyline points="{line}" fill="none" stroke="#1d4ed8" stroke-width="1"/>{dots}'
        f'<text x="{width / 2}" y="{height - 8}" text-anchor="middle">drawings seen; line: training loss, '
        f"dots: validation loss of the averaged weights</text></svg>\n"
    )


def export(run: Path, data: Path, out: Path, guidance: float) -> None:
    """Writes model_index.json, unet/, scheduler/, labels.json and loss.svg into `out`."""
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    unet = make_unet()
    unet.load_state_dict(state["average"])
    if not all(torch.isfinite(weight).all() for weight in unet.parameters()):
        raise ValueError(f"export: weights must be finite, got NaN or infinity in {run / 'checkpoint.pt'}")
    unet = unet.half().to(memory_format=torch.contiguous_format)
    DDPMPipeline(unet=unet, scheduler=make_scheduler()).save_pretrained(out)
    write_labels(out / "labels.json", drawings.load(data, drawings.VALIDATION).names, guidance)
    with (run / "loss.csv").open(newline="") as file:
        (out / "loss.svg").write_text(loss_curve(list(csv.DictReader(file))))
    size = (out / "unet" / "diffusion_pytorch_model.safetensors").stat().st_size
    print(json.dumps({**state["progress"], "parameters": sum(p.numel() for p in unet.parameters()), "bytes": size}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Export the averaged weights as a diffusers pipeline folder.")
    parser.add_argument("--run", type=Path, required=True, help="the folder that train.py wrote")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "doodle")
    parser.add_argument("--data", type=Path, default=drawings.DEFAULT_PATH, help="doodles28.npz, for the names")
    parser.add_argument("--guidance", type=float, default=2.0, help="the default guidance scale, kept in labels.json")
    options = parser.parse_args()
    export(options.run, options.data, options.out, options.guidance)
