"""The beam's position from Friedel symmetry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.detector.symmetry import estimate_centre
from models.errors import BadParameter
from models.simulation import detector
from models.simulation.particles import random_species
from models.simulation.propagation import Placed, intensity
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings

SETTINGS = SimulationSettings(height=96, width=80, surface="projected")
USABLE = detector.usable(SETTINGS)


def pattern(offset: tuple[float, float], photons: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turn = rotation_matrix(random_quaternions(rng, 1)[0])
    picture = intensity([Placed(random_species(seed, "oligomer").shape, turn, np.zeros(3))], SETTINGS, offset)
    return detector.sample_counts(rng, picture * (photons / picture[USABLE].sum()) * USABLE)


@pytest.mark.parametrize("offset", [(0.0, 0.0), (3.0, -5.5), (-7.3, 2.2)])
def test_centre_of_a_bright_pattern_is_found_to_a_quarter_pixel(offset: tuple[float, float]):
    found = estimate_centre(pattern(offset, 100_000), USABLE)
    assert found.centre_px[0] == pytest.approx(47.5 + offset[0], abs=0.25)
    assert found.centre_px[1] == pytest.approx(39.5 + offset[1], abs=0.25)
    assert found.correlation > 0.9
    assert 0.2 * USABLE.sum() <= found.pixels <= USABLE.sum()


def test_masked_pixels_do_not_matter():
    frame = pattern((2.0, 1.0), 50_000).astype(np.float32)
    spoiled = frame.copy()
    spoiled[~USABLE] = np.inf
    assert estimate_centre(spoiled, USABLE) == estimate_centre(frame, USABLE)


def test_noise_without_a_pattern_has_low_correlation():
    noise = np.random.default_rng(0).poisson(1.0, SETTINGS.shape)
    assert estimate_centre(noise, USABLE, search_px=10).correlation < 0.2


def test_guess_limits_the_search():
    found = estimate_centre(pattern((6.0, 0.0), 100_000), USABLE, guess=(40.0, 39.5), search_px=5)
    assert abs(found.centre_px[0] - 40) <= 5.5


@pytest.mark.parametrize("frame", [np.zeros((40, 40)), np.full((40, 40), 3.0)])
def test_a_flat_frame_is_refused(frame: np.ndarray):
    with pytest.raises(BadParameter, match="centre cannot be estimated"):
        estimate_centre(frame, np.ones((40, 40), bool))


def test_everything_masked_is_refused():
    with pytest.raises(BadParameter):
        estimate_centre(pattern((0, 0), 1000), np.zeros(SETTINGS.shape, bool))


@pytest.mark.real_data
def test_measured_virus_frames_agree_on_their_centre(shared_data: Path):
    folder = shared_data / "pr772_pnccd"
    frames = np.load(folder / "test_adu.npy", allow_pickle=False)
    valid = np.load(folder / "mask.npy", allow_pickle=False) == 0
    valid &= np.isfinite(frames).all(axis=0)
    whole = estimate_centre(frames.mean(axis=0), valid)
    halves = [estimate_centre(part.mean(axis=0), valid) for part in (frames[:5], frames[5:])]
    for half in halves:
        np.testing.assert_allclose(half.centre_px, whole.centre_px, atol=3.0)
    np.testing.assert_allclose(whole.centre_px, (129.5, 128.0), atol=12.0)
    assert whole.correlation > 0.5
