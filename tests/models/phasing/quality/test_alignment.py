"""Laying objects over one another: everything a pattern cannot tell is taken out, nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadParameter
from models.phasing.quality import align, find_alignment, object_error
from models.phasing.quality.held_out import mates
from tests.models.phasing.quality.objects import moved, particle, twin

SHAPES = [(48, 48), (37, 50), (20, 21, 24)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("turned", [False, True])
@given(seed=st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_shift_twin_phase_and_scale_are_no_error(shape: tuple[int, ...], turned: bool, seed: int) -> None:
    chance = np.random.default_rng(seed)
    truth, _ = particle(shape, seed)
    shift = tuple(chance.uniform(-15, 15, len(shape)))
    found = moved(truth, shift) * np.exp(1j * chance.uniform(-3, 3)) * chance.uniform(0.2, 5)
    if turned:
        found = twin(found)
    assert object_error(truth, found) < 1e-12
    lying, how = align(truth, found, scale=True)
    assert how.twin is turned
    assert how.agreement == pytest.approx(1)
    np.testing.assert_allclose(lying, truth, atol=1e-5)


def test_without_scale_a_factor_is_an_error_and_with_it_the_worst_error_is_one() -> None:
    truth, _ = particle((40, 40))
    assert object_error(truth, 0.8 * truth, scale=False) == pytest.approx(0.2)
    assert object_error(truth, 0.8 * truth) < 1e-12
    noise = np.random.default_rng(1).standard_normal((40, 40))
    assert 0.8 < object_error(truth, noise) <= 1


def test_the_error_of_noise_added_is_the_noise() -> None:
    truth, support = particle((64, 64))
    noise = support * np.random.default_rng(2).standard_normal((64, 64)) * 0.2
    expected = np.linalg.norm(noise) / np.linalg.norm(truth)
    found = moved(truth + noise, (3.3, -7.9)) * 1j
    assert object_error(truth, found, scale=False) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("kind", ["speckle", "smooth", "grating", "points", "real"])
@pytest.mark.parametrize("seed", range(3))
def test_no_shift_or_twin_does_better(kind: str, seed: int) -> None:
    """Against a plain search on a fine grid of shifts of both the object and its twin."""
    chance = np.random.default_rng(seed)
    n = 20
    y, x = np.mgrid[-1 : 1 : n * 1j, -1 : 1 : n * 1j]
    made = {
        "speckle": lambda: chance.standard_normal((n, n)) + 1j * chance.standard_normal((n, n)),
        "smooth": lambda: np.exp(-4 * ((x - chance.uniform(-0.2, 0.2)) ** 2 + 2 * y**2)) * np.exp(1j * x),
        "grating": lambda: (
            (1 + np.cos(2 * np.pi * 4 * x + chance.uniform(0, 6))) * (1 + 0.05 * chance.random((n, n)))
        ),
        "points": lambda: (chance.random((n, n)) > 0.98) * 1.0 + 1e-3,
        "real": lambda: chance.random((n, n)) * (np.hypot(y, x) < 0.6),
    }[kind]
    truth, found = made(), made()
    spectrum, other = np.fft.fft2(truth), np.fft.fft2(found)
    k = np.fft.fftfreq(n) * n
    shifts = np.arange(0, n, 0.125)
    ramp = np.exp(-2j * np.pi * np.outer(shifts, k) / n)
    highest = max(np.abs(ramp @ (spectrum.conj() * each) @ ramp.T).max() for each in (other, other.conj()))
    norms = np.linalg.norm(spectrum) * np.linalg.norm(other)
    searched = np.sqrt(max(0.0, 1 - (highest / norms) ** 2))
    assert object_error(truth, found) <= searched + 1e-9


def test_an_object_that_is_nearly_its_own_twin_is_laid_the_better_way() -> None:
    truth, _ = particle((48, 48), seed=4)
    truth = truth + 0.98 * twin(truth)
    assert 0.005 < np.linalg.norm(truth - twin(truth)) / np.linalg.norm(truth) < 0.1
    for found in (truth, twin(truth)):
        assert object_error(truth, moved(found, (2.5, 1.25)) * np.exp(2j)) < 1e-12


def test_an_object_that_is_its_own_twin_is_not_turned() -> None:
    truth, _ = particle((48, 48), seed=4)
    truth = truth + twin(truth)
    how = find_alignment(truth, moved(truth, (1.0, -2.0)))
    assert not how.twin
    assert how.shift_px == pytest.approx((-1, 2), abs=1e-6)


def test_the_support_goes_with_its_object() -> None:
    truth, support = particle((40, 41), seed=3)
    found, moved_support = np.roll(truth, (5, -3), (0, 1)), np.roll(support, (5, -3), (0, 1))
    found, moved_support = twin(found), mates(moved_support)
    how = find_alignment(truth, found)
    np.testing.assert_array_equal(how.support(moved_support), support)
    np.testing.assert_allclose(how.object(found), truth, atol=1e-5)


def test_what_is_not_compared_has_no_say() -> None:
    """A free centre with most of the power must not hide that two objects are the same where it was measured."""
    truth, _ = particle((64, 64), seed=6)
    y, x = np.mgrid[-32:32, -32:32]
    blob = 3 * np.exp(-((y - 6) ** 2 + (x + 4) ** 2) / 300)
    measured = np.hypot(y, x) > 6
    found = moved(truth, (4.5, 2.0)) + blob
    assert find_alignment(truth, found).agreement < 0.8
    how = find_alignment(truth, found, where=measured)
    assert how.agreement > 0.99
    assert how.shift_px == pytest.approx((-4.5, -2.0), abs=0.05)


def test_single_precision_objects_at_any_scale_are_laid_as_well() -> None:
    truth, _ = particle((32, 32))
    for scale in (1e-12, 1e12):
        small = (truth * scale).astype(np.complex64)
        assert object_error(small, moved(small, (1.5, 2.5))) < 1e-6


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (np.ones((4, 4)), np.ones((4, 5)), "cannot be laid over"),
        (np.ones((4, 4)), np.zeros((4, 4)), "the second is zero"),
        (np.full((4, 4), np.nan), np.ones((4, 4)), "the first is not finite"),
    ],
)
def test_what_cannot_be_compared_is_said(first: np.ndarray, second: np.ndarray, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        object_error(first.astype(complex), second.astype(complex))


def test_one_pixel_and_one_wave_are_compared_without_a_complaint() -> None:
    wave = np.exp(2j * np.pi * np.arange(16) / 4)[:, None] * np.ones(16)
    assert object_error(wave, wave * 1j) < 1e-9
    point = np.zeros((9, 9), complex)
    point[2, 3] = 1
    assert object_error(point, np.roll(point, (3, 3), (0, 1))) < 1e-9
    assert object_error(np.ones((1, 1), complex), np.full((1, 1), 2j)) < 1e-12
