"""Picks the drawings that are easiest to recognise, so that a small model spends its few parameters on those.

A few percent of the drawings are scribbles or wrong, and many more are one of a kind. A judge that knows nothing of
classifier.py ranks them: ridge regression from random Fourier features (Rahimi and Recht 2007) of the blurred drawing
to its category. A drawing's margin is the score of its own category less the best of the others.
"""

import torch

from drawings import Drawings

FEATURES = 2048
CHUNK = 8192


def blurred(images: torch.Tensor) -> torch.Tensor:
    """u8 [B, 28, 28] to unit vectors f32 [B, 196]: strokes a pixel or two apart still overlap."""
    pixels = images.float().unsqueeze(1) / 255
    soft = torch.nn.functional.avg_pool2d(pixels, 4, stride=2, padding=1).flatten(1)
    soft = soft - soft.mean(dim=1, keepdim=True)
    return soft / soft.norm(dim=1, keepdim=True).clamp(min=1e-6)


def margins(data: Drawings, seed: int = 0) -> torch.Tensor:
    """The margin of each drawing under the ridge regression, f32 [N]; positive means that it is recognised."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(196, FEATURES, generator=generator) * 2.0
    phases = torch.rand(FEATURES, generator=generator) * 2 * torch.pi

    def features(part: torch.Tensor) -> torch.Tensor:
        return torch.cos(blurred(data.images[part]) @ directions + phases)

    parts = torch.arange(len(data.labels)).split(CHUNK)
    counts = torch.bincount(data.labels, minlength=len(data.names)).float()
    gram = torch.zeros(FEATURES, FEATURES)
    target = torch.zeros(FEATURES, len(data.names))
    for part in parts:
        mapped = features(part)
        gram += mapped.T @ mapped
        target += mapped.T @ torch.nn.functional.one_hot(data.labels[part], len(data.names)).float()
    # Each category's scores are scaled by its size, or the small categories would lose every comparison.
    weights = torch.linalg.solve(gram + 10 * torch.eye(FEATURES), target) / counts.sqrt()
    found = []
    for part in parts:
        scores, own = features(part) @ weights, data.labels[part].unsqueeze(1)
        others = scores.scatter(1, own, -torch.inf).amax(dim=1)
        found.append(scores.gather(1, own).squeeze(1) - others)
    return torch.cat(found)


def most_typical(data: Drawings, share: float) -> Drawings:
    """The given share of each category, largest margins first."""
    margin = margins(data)
    kept = []
    for category in data.labels.unique():
        rows = (data.labels == category).nonzero().squeeze(1)
        kept.append(rows[margin[rows].argsort(descending=True)[: round(share * len(rows))]])
    rows = torch.cat(kept)
    return Drawings(images=data.images[rows], labels=data.labels[rows], names=data.names)
