"""Folding a frame over itself, and whether that is allowed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.denoising.friedel import FALSE_ALARM, check_symmetry, fold, mate
from tests.models.denoising.scenes import counts, gap_and_stop, sphere


@pytest.mark.parametrize(
    "centre", [(2.0, 3.0), (2.5, 3.0), (2.5, 3.5), (0.0, 0.0), (5.0, 6.0), (-1.0, 3.0), (9.0, 3.0)]
)
def test_a_mate_is_the_pixel_opposite_the_beam(centre: tuple[float, float]) -> None:
    values = np.arange(42.0).reshape(6, 7)
    found = mate(values, centre, fill=-1)
    for y in range(6):
        for x in range(7):
            j, i = round(2 * centre[0]) - y, round(2 * centre[1]) - x
            there = 0 <= j < 6 and 0 <= i < 7
            assert found[y, x] == (values[j, i] if there else -1)


def test_the_pixel_under_the_beam_is_counted_once() -> None:
    frame = np.ones((5, 5), np.float32)
    odd = fold(frame, np.ones((5, 5), bool), (2.0, 2.0))
    assert odd.counts[2, 2] == odd.exposure[2, 2] == 1
    assert np.count_nonzero(odd.exposure == 2) == 24
    even = fold(frame[:4, :4], np.ones((4, 4), bool), (1.5, 1.5))
    assert (even.exposure == 2).all()
    assert (even.counts == 2).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 16), st.integers(0, 16), st.integers(0, 100))
def test_folding_keeps_rates_and_is_symmetric(twice_y: int, twice_x: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    centre = (twice_y / 2, twice_x / 2)
    measured = rng.random((9, 9)) < 0.8
    found = fold(np.full((9, 9), 3, np.float32), measured, centre)
    assert np.array_equal(found.counts, 3 * found.exposure)
    inside = mate(np.ones((9, 9), bool), centre, fill=False)
    assert np.array_equal(np.where(inside, found.exposure, 0), mate(np.where(inside, found.exposure, 0), centre))


@pytest.mark.parametrize("photons", [100.0, 3000.0, 1e5])
def test_symmetric_frames_are_accused_no_more_often_than_stated(photons: float) -> None:
    """With background and gaps that are not symmetric; at a level of 5 %, so that 200 frames can tell."""
    rate = sphere(photons=photons) + 0.02
    measured = gap_and_stop()
    measured[40:43] = False
    measured[:, 10:12] = False
    chances = np.array(
        [check_symmetry(counts(rate, k) * measured, measured, (31.5, 31.5)).chance for k in range(200)]
    )
    assert (chances < 0.05).sum() <= 20  # binomial(200, 5 %) exceeds 20 once in 1 600
    assert (chances < FALSE_ALARM).sum() <= 3
    assert chances.max() > 0.5


def test_mates_that_differ_are_found() -> None:
    rate = sphere(photons=5000.0)
    y, x = np.mgrid[:64, :64] - 31.5
    skewed = rate * (1 + 0.6 * np.tanh(x / 6) * np.exp(-(y**2) / 200))
    whole = np.ones((64, 64), bool)
    test = check_symmetry(counts(skewed), whole, (31.5, 31.5))
    assert not test.holds
    assert 0.02 < test.excess < 1
    assert not check_symmetry(counts(rate), whole, (33.0, 31.5)).holds  # nor about a wrong centre


def test_the_curvature_of_the_ewald_sphere_is_found_in_wide_angle_frames() -> None:
    """Globules without any symmetry, detector edge at 21°: pairs differ by 2 to 4 %, and not where projected."""
    from models.simulation.generate import Kind, render_batch
    from models.simulation.particles import random_species
    from models.simulation.settings import SimulationSettings

    found = {}
    for surface in ("ewald", "projected"):
        station = SimulationSettings(
            surface=surface, height=64, width=64, distance_m=0.025, pixel_size_m=0.3e-3, centre_jitter_px=0.0,
            gap_rows=0, beam_stop_px=0.0,
        )  # fmt: skip
        species = [random_species(40 + k, "globule", (20, 25)) for k in range(3)]
        rng = np.random.default_rng(0)
        rates = [render_batch([one], [Kind.SINGLE], None, rng, station)[0].astype(float) for one in species]
        whole = np.ones((64, 64), bool)
        found[surface] = [
            check_symmetry(counts(rate * 1e4 / rate.sum(), 5), whole, (31.5, 31.5)).holds for rate in rates
        ]
    assert found["projected"] == [True] * 3
    assert found["ewald"] == [False] * 3


def test_too_few_photons_say_nothing() -> None:
    frame = np.zeros((32, 32), np.float32)
    frame[3, 4] = frame[20, 9] = 1
    test = check_symmetry(frame, np.ones((32, 32), bool), (15.5, 15.5))
    assert test.pairs == 0
    assert test.holds
