"""What is said of measured patterns whose difficulties are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.patterns import Pattern
from models.patterns.read import read_pattern
from models.phasing.quality import assemble, held_out_pixels
from models.phasing.reconstruct import reconstruct
from models.phasing.settings import PhasingSettings
from models.phasing.types import Trust
from models.progress import drain

pytestmark = pytest.mark.real_data


def judged(pattern: Pattern, settings: PhasingSettings) -> Trust:
    held = held_out_pixels(pattern, settings.held_out, seed=0)
    starts = [drain(reconstruct(pattern, settings, seed, held_out=held)) for seed in range(settings.starts)]
    return drain(assemble(pattern, starts, settings, held)).trust


def test_the_ring_without_its_centre_is_unconstrained_there(shared_data: Path) -> None:
    pattern = read_pattern(shared_data / "hawk_ring" / "ring.h5")
    settings = PhasingSettings(
        schedule="40*(25 RAAR + SW) + 100 ER",
        first_support="autocorrelation",
        area_low=0.035,
        area_high=0.1,
        starts=3,
    )
    trust = judged(pattern, settings)
    assert trust.masked_power > 0.6
    assert any(
        "Centre unconstrained" in each and "of the power is in masked pixels" in each for each in trust.warnings
    )


def test_several_objects_fit_the_planar_pattern(shared_data: Path) -> None:
    whole = read_pattern(shared_data / "nadia_planar" / "planar_data.tif")
    middle = (slice(384, 640), slice(384, 640))
    pattern = Pattern(whole.intensity[middle].copy(), whole.measured[middle].copy(), unit=whole.unit)
    settings = PhasingSettings(schedule="6*(20 RAAR + SW) + 30 ER", area_low=0.03, area_high=0.1, starts=5)
    trust = judged(pattern, settings)
    assert trust.kept < trust.starts
    assert any("Several different objects fit equally well" in each for each in trust.warnings)
    assert any("Starts disagree" in each for each in trust.warnings)
