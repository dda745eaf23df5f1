"""The default preset's search on a measured pattern that has lost its centre."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label

from models.patterns.read import read_pattern
from models.phasing.presets import DEFAULT
from models.phasing.starts import run_starts
from models.progress import drain

pytestmark = pytest.mark.real_data


def test_every_start_finds_the_ring(shared_data: Path) -> None:
    pattern = read_pattern(shared_data / "hawk_ring" / "ring.h5")
    # The preset's whole search: with half of it, a double ring that fits as well wins on some processors.
    settings = replace(DEFAULT.settings, starts=3)
    result = drain(run_starts(pattern, settings, workers=0))
    amplitude = np.sqrt(pattern.intensity.astype(np.float64))
    at = pattern.measured
    for start in result.starts:
        calculated = np.abs(np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(start.object), norm="ortho")))
        error = np.sqrt(np.square(calculated - amplitude)[at].sum() / np.square(amplitude)[at].sum())
        assert error < 0.12
        modulus = gaussian_filter(np.abs(start.object), 1.0)
        _, parts = label(modulus < 0.4 * modulus.max())
        assert parts == 2  # what is outside, and the hole
