"""scikit-beam's difference map (`skbeam.core.cdi`, BSD licence) with its own defaults.

As its documentation and tests call it: amplitudes, a random phase field, a box as first support, `cdi_recon` with
every default (β = 1.15, 1 000 iterations, support updates from 20 to 80 % of them, the last 20 % averaged). The box
has to be told: half as wide as the array. It knows no mask, but leaves pixels of amplitude zero free, missing ones
and those without a photon alike. The best start is the one with the smallest `cal_diff_error`, its own figure.
"""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np

from benchmarks.phasing.judged import Found
from models.patterns import Pattern


def run(pattern: Pattern, starts: int, seed: int) -> list[Found]:
    """So many random starts, judged by scikit-beam's error in q space."""
    cdi = importlib.import_module("skbeam.core.cdi")
    amplitudes = np.sqrt(pattern.intensity.astype(np.float64))
    box = cdi.generate_box_support(min(pattern.shape) // 4, pattern.shape)
    found = []
    for number in range(starts):
        np.random.seed(seed * starts + number)  # noqa: NPY002 - what it draws from
        values, _ = cdi.cdi_recon(amplitudes, cdi.generate_random_phase_field(amplitudes), box)
        found.append(Found(values, float(cdi.cal_diff_error(values, np.fft.fftshift(amplitudes)))))
    return found


def missing() -> str:
    """A sentence where it is not installed, else empty."""
    if importlib.util.find_spec("skbeam") is None:
        return "scikit-beam is not installed."
    return ""
