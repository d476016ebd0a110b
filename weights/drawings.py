"""The training drawings: 28x28 doodles as a [N, 1, 32, 32] tensor in [-1, 1], and the label that means "no condition".

The archive is described in weights/doodle/README.md (section Data). Ink is +1 and paper is -1. The two pixels of paper
on each side make 32 = 8 * 4, so that two halvings of the UNet stay whole.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

DEFAULT_PATH = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "doodles28.npz"
PAD = 2
SIZE = 28 + 2 * PAD
TRAIN, VALIDATION = 0, 1


@dataclass(frozen=True)
class Drawings:
    """`images` u8 [N, 28, 28] with 255 = ink, `labels` i64 [N], `names` the categories in the order of the labels."""

    images: torch.Tensor
    labels: torch.Tensor
    names: list[str]

    def batch(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The drawings `index` [B] as (f32 [B, 1, 32, 32] in [-1, 1], i64 [B])."""
        return to_model_range(self.images[index]), self.labels[index]


def load(path: Path, split: int) -> Drawings:
    """One split of the archive, kept as bytes: the floats would take 520 MB and gain nothing."""
    with np.load(path, allow_pickle=False) as archive:
        rows = archive["split"] == split
        return Drawings(
            images=torch.from_numpy(archive["images"][rows]),
            labels=torch.from_numpy(archive["labels"][rows].astype(np.int64)),
            names=[str(name) for name in archive["names"]],
        )


def to_model_range(images: torch.Tensor) -> torch.Tensor:
    """u8 [B, 28, 28] to f32 [B, 1, 32, 32]: 0 becomes -1 (paper), 255 becomes +1 (ink)."""
    scaled = images.float().unsqueeze(1) / 127.5 - 1
    return torch.nn.functional.pad(scaled, (PAD, PAD, PAD, PAD), value=-1.0)


def balanced_weights(labels: torch.Tensor) -> torch.Tensor:
    """Sampling weights [N] that draw a category of n drawings with probability proportional to sqrt(n).

    The archive has three times fewer drawings of some categories. The square root lets them be seen often enough to be
    learnt, without repeating each of their drawings three times as often as the others.
    """
    counts = torch.bincount(labels).clamp(min=1)
    return counts[labels].double().rsqrt()
