"""Reconstructions for these tests."""

from __future__ import annotations

import dataclasses

import numpy as np

from models.patterns import Step
from models.phasing.quality import assemble, held_out_pixels
from models.phasing.settings import PhasingSettings
from models.phasing.types import Reconstruction
from models.progress import drain
from tests.models.phasing.quality.objects import particle, pattern_of, start


def reconstruction(shape: tuple[int, ...] = (40, 44), n: int = 3, geometry: bool = True) -> Reconstruction:
    truth, support = particle(shape)
    steps = (
        Step("mask", "93 % of the pixels measured", {"pixels": 5}),
        Step("centre", "beam at (20, 22) px", {"y": 20.0}),
    )
    pattern = dataclasses.replace(
        pattern_of(100 * truth, stop=2.5), steps=steps, source="run 7, frame 12 é", pixel_nm=None
    )
    if geometry:
        pattern = dataclasses.replace(pattern, pixel_nm=tuple(3.0 + k for k in range(len(shape))))
    chance = np.random.default_rng(0)
    starts = [
        start(100 * truth + support * chance.standard_normal(shape) * 5, support, seed=k, free=1 + k / 100)
        for k in range(n)
    ]
    held = held_out_pixels(pattern, 0.05, seed=0)
    changes = ((120, {"threshold": 0.3, "schedule": "50 ER"}),)
    made = drain(assemble(pattern, starts, PhasingSettings(seed=3, schedule="100 RAAR"), held, changes=changes))
    return dataclasses.replace(made, first_support=support) if geometry else made
