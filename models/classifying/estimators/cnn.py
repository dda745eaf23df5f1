"""A convolutional network trained on nothing but the labelled frames, after Shi et al. (IUCrJ 6, 331, 2019).

Three convolutions of 5, 3 and 2 channels with batch normalisation, PReLU and pooling, dropout, and two small full
layers: few numbers, because there are few examples. In training the examples are turned, mirrored, shifted a little
and thinned (a binomial share of the photons), so that neither orientation nor brightness is what it learns.
torch is imported when an estimator is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.classifying.estimators.base import FewLabels
from models.classifying.features.pictures import SIDE_PX, join_pictures
from models.classifying.types import Array, FloatArray, IntArray
from models.parameters import parameter


@dataclass(frozen=True)
class CnnSettings:
    """A small network trained on the labelled frames alone."""

    steps: int = parameter(150, "Training steps", low=1, high=100_000)
    batch_frames: int = parameter(16, "Frames in a step, drawn from the examples", low=2, high=1024)
    learning_rate: float = parameter(0.01, "Highest learning rate of Adam", low=1e-6, high=1.0)
    thinned: float = parameter(0.3, "Smallest share of the photons kept in training; 1 keeps all", low=0.01, high=1.0)
    seed: int = parameter(0, "Of starting weights and batches", low=0)


class SupervisedCnn(FewLabels):
    """See the module."""

    folds = 2
    """each is a training of its own"""

    def __init__(self, settings: CnnSettings) -> None:
        self.settings = settings

    def _represent(self, rows: FloatArray, codes: IntArray) -> FloatArray:
        return rows

    def _map(self, rows: FloatArray) -> FloatArray:
        return rows

    def _learn(self, inside: FloatArray, codes: IntArray, n_classes: int) -> None:
        known = np.flatnonzero(codes >= 0)
        self._network = _train(*join_pictures(inside[known]), codes[known], n_classes, self.settings)

    def _scores(self, inside: FloatArray) -> Array:
        import torch

        out = []
        with torch.inference_mode():
            for start in range(0, len(inside), 256):
                photons, there = join_pictures(inside[start : start + 256])
                pictures = _standard(torch.from_numpy(photons), torch.from_numpy(there))
                out.append(self._network(pictures).double().numpy())
        return np.concatenate(out)


def network(n_classes: int) -> Any:
    """The layers: (B, 1, 48, 48) to (B, n_classes) scores."""
    from torch import nn

    side = SIDE_PX
    for kernel in (5, 3, 3):
        side = (side - kernel + 1) // 2
    return nn.Sequential(
        *(nn.Conv2d(1, 5, 5), nn.BatchNorm2d(5), nn.PReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(5, 3, 3), nn.BatchNorm2d(3), nn.PReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.PReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.2), nn.Linear(2 * side * side, 2), nn.PReLU(), nn.Linear(2, n_classes)),
    )


def _train(photons: FloatArray, there: Any, codes: IntArray, n_classes: int, settings: CnnSettings) -> Any:
    import torch
    import torch.nn.functional as F

    members = [np.flatnonzero(codes == k) for k in range(n_classes)]
    rng = np.random.default_rng(settings.seed)
    # Starting weights come from torch's own generator; what it was doing before goes on undisturbed.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net = network(n_classes)
        optimiser = torch.optim.Adam(net.parameters(), lr=settings.learning_rate, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, total_steps=settings.steps + 1
        )
        net.train()
        for _ in range(settings.steps):
            classes = np.arange(settings.batch_frames) % n_classes  # as often one class as the other
            rows = np.array([rng.choice(members[k]) for k in classes])
            loss = F.cross_entropy(
                net(_varied(photons[rows], there[rows], settings.thinned, rng)), torch.from_numpy(classes)
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return net.eval().requires_grad_(False)


def _varied(photons: FloatArray, there: Any, thinned: float, rng: np.random.Generator) -> Any:
    """(B, 1, side, side) examples turned, mirrored, shifted and thinned, standardised."""
    import torch
    import torch.nn.functional as F

    n = len(photons)
    share = rng.uniform(thinned, 1.0, n)[:, None, None]
    # Whole photons are thinned as photons are; broken ones (binned over masks) by their whole part.
    whole = np.floor(photons)
    kept = rng.binomial(whole.astype(np.int64), np.broadcast_to(share, photons.shape)) + (photons - whole) * share
    turn = rng.uniform(0, 2 * np.pi, n)
    mirror = rng.choice([-1.0, 1.0], n)
    shift = rng.normal(0, 1.0 / SIDE_PX, (2, n))
    cosine, sine = np.cos(turn), np.sin(turn)
    affine = np.stack(
        [
            np.stack([mirror * cosine, -mirror * sine, shift[0]], axis=1),
            np.stack([sine, cosine, shift[1]], axis=1),
        ],
        axis=1,
    )
    stack = np.stack([kept.astype(np.float32), there.astype(np.float32)], axis=1)
    places = F.affine_grid(torch.from_numpy(affine.astype(np.float32)), [n, 2, SIDE_PX, SIDE_PX], align_corners=False)
    moved = F.grid_sample(torch.from_numpy(stack), places, align_corners=False)
    inside = moved[:, 1] > 0.5
    return _standard(moved[:, 0] / moved[:, 1].clamp_min(0.5), inside)


def _standard(photons: Any, there: Any) -> Any:
    """(B, 1, side, side) roots of the photons, standardised over the pixels that are there; the others are 0."""
    roots = photons.clamp_min(0.0).sqrt() * there
    area = there.sum((1, 2), keepdim=True).clamp_min(1)
    mean = roots.sum((1, 2), keepdim=True) / area
    apart = (roots - mean) * there
    deviation = (apart.square().sum((1, 2), keepdim=True) / area).sqrt()
    return (apart / deviation.clamp_min(1e-6))[:, None]
