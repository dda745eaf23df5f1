"""Frames a test can reason about: one ball, or two that touch, in closed form."""

from __future__ import annotations

import numpy as np

SIDE = 56


def expected(copies, angle=0.0, side=SIDE, diameter=7.0, centre=None):
    """(side, side) intensity of `copies` (1 or 2) equal balls side by side, largest value 1.

    `diameter` is in speckles across the frame: the ball's rings are 1.22 · side / diameter pixels wide.
    """
    cy, cx = ((side - 1) / 2, (side - 1) / 2) if centre is None else centre
    y, x = np.arange(side)[:, None] - cy, np.arange(side)[None, :] - cx
    u = np.maximum(np.pi * diameter * np.hypot(y, x) / side, 1e-3)
    ball = (3 * (np.sin(u) - u * np.cos(u)) / u**3) ** 2
    along = x * np.cos(angle) + y * np.sin(angle)
    fringes = np.cos(np.pi * diameter * along / side) ** 2 if copies == 2 else 1.0
    return ball * fringes


def run(n_per_class, seed=0, photons=(1000.0, 5000.0), side=SIDE):
    """Counts (2n, side, side) float32, one mask, classes (0 ball, 1 pair), shuffled. Brightness tells nothing."""
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.repeat([0, 1], n_per_class))
    valid = np.ones((side, side), bool)
    valid[side // 2 - 1 : side // 2 + 1] = False
    valid[side // 2 - 3 : side // 2 + 3, side // 2 - 3 : side // 2 + 3] = False
    frames = np.empty((len(classes), side, side), np.float32)
    for i, k in enumerate(classes):
        picture = expected(k + 1, rng.uniform(0, np.pi), side) + 0.002
        picture /= picture[valid].sum()
        dose = photons[0] * (photons[1] / photons[0]) ** rng.random()
        frames[i] = rng.poisson(dose * picture)
    return frames, valid, classes


def few_labels(classes, k, seed=0):
    """(n,) the class of `k` frames of each, -1 for the others."""
    rng = np.random.default_rng(seed)
    y = np.full(len(classes), -1)
    for name in np.unique(classes):
        rows = rng.permutation(np.flatnonzero(classes == name))[:k]
        y[rows] = name
    return y
