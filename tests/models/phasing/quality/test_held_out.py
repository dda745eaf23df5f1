"""The pixels kept from the solver: fair, repeatable, and never what was not measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.patterns import Pattern
from models.phasing.quality import held_out_pixels
from models.phasing.quality.held_out import mates
from models.phasing.quality.rings import distance


def blank(shape: tuple[int, ...], measured: np.ndarray | None = None) -> Pattern:
    return Pattern(np.zeros(shape, np.float32), np.ones(shape, bool) if measured is None else measured)


@pytest.mark.parametrize("shape", [(256, 256), (98, 101), (40, 64), (32, 33, 30)])
def test_the_share_asked_for_is_held_out(shape: tuple[int, ...]) -> None:
    held = held_out_pixels(blank(shape), 0.05, seed=3)
    assert held.mean() == pytest.approx(0.05, rel=0.1)


def test_the_same_seed_gives_the_same_pixels_and_another_gives_others() -> None:
    pattern = blank((64, 64))
    np.testing.assert_array_equal(held_out_pixels(pattern, 0.05, 1), held_out_pixels(pattern, 0.05, 1))
    assert (held_out_pixels(pattern, 0.05, 1) != held_out_pixels(pattern, 0.05, 2)).any()


@given(
    shape=st.lists(st.integers(1, 24), min_size=2, max_size=3).map(tuple),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
    missing=st.floats(0, 1),
)
def test_only_measured_pixels_and_never_more_than_half_are_held_out(
    shape: tuple[int, ...], share: float, seed: int, missing: float
) -> None:
    measured = np.random.default_rng(seed).random(shape) >= missing
    held = held_out_pixels(blank(shape, measured), share, seed)
    assert held.shape == shape
    assert not (held & ~measured).any()
    # The last island may go over the half by its own size.
    assert held.sum() <= measured.sum() / 2 + 2 * 123


def test_the_middle_around_the_beam_is_left_to_the_solver() -> None:
    held = held_out_pixels(blank((200, 200)), 0.5, seed=0)
    assert held.any()
    assert distance((200, 200))[held].min() > 10


def test_friedel_mates_go_together_so_that_a_real_object_is_told_nothing() -> None:
    measured = np.ones((60, 61), bool)
    measured[:, :10] = False
    held = held_out_pixels(blank((60, 61), measured), 0.1, seed=5)
    both = measured & mates(measured)
    np.testing.assert_array_equal(held & both, mates(held) & both)


def test_mates_are_the_pixels_at_minus_q() -> None:
    for n in (6, 7):
        frequency = np.fft.fftshift(np.fft.fftfreq(n))
        marked = np.zeros((n, n), bool)
        marked[1, 2] = True
        (y,), (x,) = np.nonzero(mates(marked))
        assert frequency[y] == pytest.approx(-frequency[1])
        assert frequency[x] == pytest.approx(-frequency[2])


def test_pixels_are_held_out_in_islands_wider_than_a_pixel() -> None:
    held = held_out_pixels(blank((256, 256)), 0.05, seed=1)
    neighbours = sum(np.roll(held, step, axis).astype(int) for step in (-1, 1) for axis in (0, 1))
    assert neighbours[held].mean() > 3


def test_small_patterns_get_small_islands_and_tiny_ones_none() -> None:
    from scipy.ndimage import label

    held = held_out_pixels(blank((64, 64)), 0.05, seed=1)
    assert label(held)[1] >= 15
    assert not held_out_pixels(blank((3, 5)), 0.05, seed=1).any()
    assert not held_out_pixels(blank((64, 64)), 0.0, seed=1).any()
    assert not held_out_pixels(blank((64, 64), np.zeros((64, 64), bool)), 0.05, seed=1).any()
