"""Amplitudes of whole and half transforms; figures agree with those of the quality room; hostile patterns."""

import weakref

import numpy as np
import pytest
import torch

from models.errors import BadParameter, BadPattern
from models.patterns import Pattern
from models.phasing.kernels_torch import misfit
from models.phasing.measured import Measured
from models.phasing.quality.figures import free_log_likelihood, r_factor
from tests.models.phasing.engine_cases import particle, pattern_of, transform


def case(shape, real, unit="photons"):
    wave, _ = particle(shape, kind="real" if real else "complex", photons=3e3)
    rng = np.random.default_rng(3)
    pattern = pattern_of(wave, rng.random(shape) > 0.2, noise=1)
    pattern = Pattern(pattern.intensity, pattern.measured, unit=unit)
    held = (rng.random(shape) < 0.1) & pattern.measured
    made = Measured(pattern, held, real=real, dtype=torch.float64, device="cpu")
    other = 1.1 * transform(np.roll(wave, 1, 0))
    full = np.fft.ifftshift(other)
    part = full[: shape[0] // 2 + 1] if real else full
    return pattern, held, made, other, torch.tensor(np.ascontiguousarray(part))


@pytest.mark.parametrize("unit", ["photons", "arbitrary"])
@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("shape", [(12, 11), (11, 14), (6, 7, 8)])
def test_figures_are_those_of_the_quality_room(shape, real, unit):
    pattern, held, made, other, wave = case(shape, real, unit)
    found = made.r_factor(sum(misfit(wave, amplitude) for amplitude in made.of_misfit))
    assert found == pytest.approx(r_factor(np.abs(other), pattern, pattern.measured & ~held), rel=1e-9)
    expected = free_log_likelihood(np.abs(other), pattern, held)
    assert made.free_log_likelihood(wave) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shape", [(12, 11), (11, 14), (6, 7, 8)])
def test_mates_are_one_number(shape):
    pattern, held, made, _, _ = case(shape, real=True)
    intensity = np.fft.ifftshift(pattern.intensity)
    fit = np.fft.ifftshift(pattern.measured & ~held)
    told = np.fft.ifftshift(held)
    for index in np.ndindex(*made.amplitude.shape):
        mate = tuple(-i % n for i, n in zip(index, shape, strict=True))
        seen = [intensity[i] for i in (index, mate) if fit[i]]
        expected = np.sqrt(np.mean(seen)) if seen and not (told[index] or told[mate]) else -1.0
        assert float(made.amplitude[index]) == pytest.approx(expected)


def test_the_likelihood_of_halves_is_that_of_the_whole():
    pattern, held, made, other, wave = case((10, 12), real=True)
    mean = np.abs(other) ** 2
    used = pattern.measured & ~held
    # Where a held-out pixel takes its mate with it, the mate counts no more.
    mates = np.roll(held[::-1, ::-1], (1, 1), (0, 1))
    used &= ~mates
    expected = (mean - pattern.intensity * np.log(mean))[used].sum()
    m = wave.abs() ** 2
    found = float((made.multiplicity * (made.weight * m - made.counts * m.log())).sum())
    assert found == pytest.approx(expected, rel=1e-9)


GOOD = np.full((16, 16), 3.0, np.float32)
ALL = np.ones((16, 16), bool)


@pytest.mark.parametrize(
    ("intensity", "measured", "held", "error"),
    [
        (GOOD, ~ALL, None, BadPattern),
        (0 * GOOD, ALL, None, BadPattern),
        (np.where(np.eye(16) > 0, np.nan, GOOD), ALL, None, BadPattern),
        (-GOOD, ALL, None, BadPattern),
        (GOOD[0], ALL[0], None, BadPattern),
        (GOOD[:1, :1], ALL[:1, :1], None, BadPattern),
        (GOOD, ALL[:8], None, BadPattern),
        (GOOD, ALL, ALL, BadParameter),
        (GOOD, ALL, ALL[:8], BadParameter),
    ],
)
def test_hostile_patterns_give_a_sentence(intensity, measured, held, error):
    with pytest.raises(error) as caught:
        Measured(Pattern(intensity, measured), held, real=False, dtype=torch.float32, device="cpu")
    assert caught.value.sentence().endswith(".")


def test_what_is_not_measured_may_be_anything():
    intensity = GOOD.copy()
    intensity[0] = np.nan
    measured = ALL.copy()
    measured[0] = False
    made = Measured(Pattern(intensity, measured), None, real=False, dtype=torch.float32, device="cpu")
    assert torch.isfinite(made.amplitude).all()
    assert int((made.amplitude < 0).sum()) == 16


def test_starts_share_what_cannot_be_written_to_and_nothing_else():
    def of(pattern, held):
        return Measured.of(pattern, held, real=False, dtype=torch.float32, device="cpu")

    intensity, measured, held = np.full((6, 7), 4.0), np.ones((6, 7), bool), np.zeros((6, 7), bool)
    held[2, 3] = True
    pattern = Pattern(intensity, measured)
    first = of(pattern, held)
    intensity[0, 0] = 9.0
    assert of(pattern, held).amplitude[3, 4] == 3.0
    assert first.amplitude[3, 4] == 2.0
    for array in (intensity, measured, held):
        array.flags.writeable = False
    shared = of(pattern, held)
    assert of(Pattern(intensity, measured), held) is shared
    assert of(pattern, None) is not shared
    gone = weakref.ref(shared)
    del shared, pattern, intensity, array
    assert gone() is None, "it does not outlive the pattern"
