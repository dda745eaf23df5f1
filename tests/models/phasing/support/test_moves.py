"""Holes, middles, halves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.phasing.support import disc, fill_holes, half_support, middle_of, recentre, without_specks

SHAPES = [(20, 20), (21, 32), (13, 10, 16)]


def _ring(shape: tuple[int, int] = (40, 40)) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    r = np.hypot(y - shape[0] // 2, x - shape[1] // 2)
    return (r > 6) & (r < 10), r < 10


@pytest.mark.parametrize("shift", [(0, 0), (20, 0), (20, 20), (13, -17)])
def test_holes_are_filled_wherever_the_object_lies(shift: tuple[int, int]) -> None:
    ring, filled = _ring()
    assert np.array_equal(fill_holes(np.roll(ring, shift, (0, 1))), np.roll(filled, shift, (0, 1)))


def test_what_has_no_hole_stays() -> None:
    for support in (disc((20, 24), 0.1), np.zeros((5, 5), bool), np.ones((5, 5), bool)):
        assert np.array_equal(fill_holes(support), support)


def test_a_bay_is_no_hole() -> None:
    ring, _ = _ring()
    ring[20, 20:] = False
    assert np.array_equal(fill_holes(ring), ring)


def test_a_hollow_volume() -> None:
    ball, core = disc((20, 20, 20), 0.2), disc((20, 20, 20), 0.02)
    assert np.array_equal(fill_holes(ball & ~core), ball)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(SHAPES), st.integers(0, 2**31))
def test_recentring_undoes_a_shift_across_the_edge(shape: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    axes = tuple(range(len(shape)))
    support = disc(shape, 0.05)
    obj = (support * rng.random(shape)).astype(np.complex64)
    shift = tuple(int(s) for s in rng.integers(-30, 30, len(shape)))
    found, moved, by = recentre(np.roll(support, shift, axes), np.roll(obj, shift, axes))
    assert np.array_equal(found, support)
    assert np.array_equal(moved, obj)
    assert all((b + s) % n == 0 for b, s, n in zip(by, shift, shape, strict=True))


def test_recentring_in_fft_order() -> None:
    support = disc((20, 21), 0.05)
    found, moved, _ = recentre(np.roll(support, (3, 7), (0, 1)), fft_order=True)
    assert moved is None
    assert np.array_equal(found, np.fft.ifftshift(support))


def test_the_middle_is_the_centre_of_mass() -> None:
    support = np.zeros((30, 30), bool)
    support[10:12, 20:26] = True
    support[12, 20:23] = True
    y, x = np.nonzero(support)
    assert middle_of(support) == pytest.approx((y.mean(), x.mean()))
    assert middle_of(np.zeros((8, 9), bool)) == (4, 4)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(SHAPES), st.integers(0, 2**31), st.integers(0, 1))
def test_half_a_support_and_its_twin_make_the_whole(shape: tuple[int, ...], seed: int, axis: int) -> None:
    rng = np.random.default_rng(seed)
    axes = tuple(range(len(shape)))
    whole = disc(shape, 0.15)
    shift = tuple(int(s) for s in rng.integers(-30, 30, len(shape)))
    half = half_support(np.roll(whole, shift, axes), axis)
    centred = np.roll(half, tuple(-s for s in shift), axes)
    assert centred.any()
    assert not (centred & ~whole).any()
    twin = np.roll(np.flip(centred, axes), tuple(1 - n % 2 for n in shape), axes)
    assert np.array_equal(centred | twin, whole)
    line = [slice(None)] * len(shape)
    line[axis] = shape[axis] // 2
    only_line = np.zeros(shape, bool)
    only_line[tuple(line)] = whole[tuple(line)]
    assert np.array_equal(centred & twin, only_line)


def test_tiny_dim_islands_are_specks_and_bright_or_large_ones_are_not() -> None:
    support = np.zeros((64, 64), bool)
    support[20:40, 20:40] = True  # the object, 400 px
    support[50:53, 50:53] = True  # a companion of 9 px, more than a hundredth
    support[5, 5] = support[8, 60] = True
    values = np.where(support, 1.0, 0.0).astype(np.complex64)
    values[5, 5] = 0.3  # a speck
    values[8, 60] = 1.5  # tiny, but brighter than the object
    left = without_specks(support, values)
    assert np.argwhere(support & ~left).tolist() == [[5, 5]]
    assert without_specks(left & (values.real < 1.2), values).sum() == 409
    assert not without_specks(np.zeros((4, 4), bool), np.zeros((4, 4), np.complex64)).any()
