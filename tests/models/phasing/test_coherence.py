"""The Gaussian Schell model: its convolution, its width, and what it is good for in a reconstruction."""

import numpy as np
import pytest
import torch

from models.patterns import Pattern
from models.phasing.coherence import Coherence, best_width
from models.phasing.settings import PhasingSettings
from models.phasing.solver import Solver
from tests.models.phasing.engine_cases import particle, transform


@pytest.mark.parametrize("shape", [(24, 21), (21, 24), (12, 13, 14)])
def test_a_point_becomes_a_gaussian_of_the_same_sum(shape):
    like = torch.zeros(1, dtype=torch.float64)
    intensity = np.zeros(shape)
    intensity[(0,) * len(shape)] = 5.0
    found = np.fft.fftshift(Coherence(shape, False, 1.3, like).blur(torch.tensor(intensity)).numpy())
    axes = np.meshgrid(*[np.arange(n) - n // 2 for n in shape], indexing="ij")
    expected = np.exp(-sum(a**2 for a in axes) / (2 * 1.3**2)) / (np.sqrt(2 * np.pi) * 1.3) ** len(shape)
    assert np.allclose(found, 5.0 * expected, atol=1e-3 * expected.max())
    assert found.sum() == pytest.approx(5.0)


@pytest.mark.parametrize("shape", [(12, 11), (11, 12), (6, 7, 8)])
def test_halves_of_even_intensities_are_blurred_as_the_whole(shape):
    wave = np.abs(np.fft.fftn(np.random.default_rng(0).standard_normal(shape))) ** 2
    like = torch.zeros(1, dtype=torch.float64)
    whole = Coherence(shape, False, 0.8, like).blur(torch.tensor(wave)).numpy()
    half = shape[0] // 2 + 1
    found = Coherence(shape, True, 0.8, like).blur(torch.tensor(wave[:half].copy())).numpy()
    assert np.allclose(found, whole[:half])


def test_blur_of_an_intensity_is_nowhere_less_than_its_own_share():
    intensity = torch.zeros(32, 32)
    intensity[3, 4] = 1e9
    intensity[20, 20] = 1e-3
    found = Coherence((32, 32), False, 0.5, torch.zeros(1)).of(intensity)
    assert float(found.min()) >= 0
    assert float(found[20, 20]) >= 1e-3 * 0.45


def test_best_width_finds_the_minimum_and_believes_no_small_gain():
    assert best_width(lambda w: 100 * (w - 1.7) ** 2) == pytest.approx(1.7, abs=0.03)
    assert best_width(lambda w: 0.1 * (w - 1.7) ** 2) == 0.0
    assert best_width(lambda w: w) == 0.0


def partly_coherent(width):
    wave, inside = particle((48, 48), photons=1e7)
    like = torch.zeros(1, dtype=torch.float64)
    coherent = torch.tensor(np.fft.ifftshift(np.abs(transform(wave)) ** 2))
    mean = np.fft.fftshift(Coherence((48, 48), False, width, like).of(coherent).numpy())
    return Pattern(np.random.default_rng(0).poisson(mean).astype(np.float32), np.ones((48, 48), bool)), wave, inside


@pytest.mark.parametrize("given", [0.6, None])
def test_a_reconstruction_with_it_fits_what_one_without_does_not(given):
    pattern, wave, inside = partly_coherent(0.6)
    found = {}
    for name, width in (("without", 0.0), ("with", given)):
        settings = PhasingSettings(schedule="100 ER + 100 ER", coherence_px=width)
        solver = Solver(pattern, settings, 0, support=inside, first=wave)
        solver.run(200)
        found[name] = solver.start().r_factor
    assert found["with"] < 0.5 * found["without"]
