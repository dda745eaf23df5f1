"""Phases and complex numbers as colours."""

from __future__ import annotations

import numpy as np
import pytest

from models.display.complex_colours import PHASES, complex_colours, phase_colours, phase_table


def luminance(rgba: np.ndarray) -> np.ndarray:
    """Relative luminance Y of sRGB, 0 … 1 (IEC 61966-2-1)."""
    s = rgba[..., :3] / 255
    linear = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_the_phase_circle_closes_and_its_steps_are_even() -> None:
    table = phase_table()[:, :3].astype(float)
    steps = np.linalg.norm(np.roll(table, -1, axis=0) - table, axis=1)
    assert len(table) == PHASES
    assert steps.max() < 12
    assert steps[-1] < 12


def test_no_phase_is_much_brighter_than_another() -> None:
    y = luminance(phase_table())
    assert y.max() / y.min() < 1.35


def test_phases_differ_by_their_colour_and_branches_do_not() -> None:
    table = phase_table()[:, :3].astype(int)
    apart = np.abs(table[::32, None] - table[None, ::32]).sum(axis=-1)
    assert (apart[~np.eye(8, dtype=bool)] > 60).all()
    np.testing.assert_array_equal(phase_colours([0.3, -2.0]), phase_colours([0.3 + 2 * np.pi, -2.0 - 4 * np.pi]))


def test_zero_phase_is_reddish() -> None:
    red, green, blue = phase_table()[0, :3].astype(int)
    assert red > green + 60
    assert red > blue + 60


def test_outside_the_support_is_no_phase() -> None:
    colours = phase_colours([[0.0, 1.0]], [[True, False]])
    outside = colours[0, 1, :3].astype(int)
    assert np.abs(phase_table()[:, :3].astype(int) - outside).sum(axis=1).min() > 100
    np.testing.assert_array_equal(phase_colours([np.nan])[0, :3], outside)


def test_brightness_grows_with_the_modulus_and_hue_stays() -> None:
    shares = np.linspace(0, 1, 21)
    for phase in (0.0, 1.5, -2.5):
        colours = complex_colours(shares * np.exp(1j * phase), largest=1.0)
        assert (np.diff(luminance(colours)) > 0).all()
        assert colours[0, :3].tolist() == [0, 0, 0]
        np.testing.assert_allclose(colours[-1].astype(int), phase_colours([phase])[0].astype(int), atol=4)


def test_what_is_brighter_than_the_largest_is_drawn_as_the_largest() -> None:
    np.testing.assert_array_equal(complex_colours([5j], largest=1.0), complex_colours([1j], largest=1.0))


def test_gamma_lifts_weak_parts() -> None:
    plain, lifted = (luminance(complex_colours([0.1], largest=1.0, gamma=g))[0] for g in (1.0, 0.5))
    assert lifted > 3 * plain


@pytest.mark.parametrize("values", [np.zeros((2, 3)), np.full((2, 3), np.nan), np.zeros((0, 3)), [[1 + 1j, np.inf]]])
def test_odd_values_are_drawn_without_a_complaint(values: np.ndarray) -> None:
    colours = complex_colours(values)
    assert colours.shape == (*np.shape(values), 4)
    assert colours.dtype == np.uint8


def test_a_single_number_has_one_colour() -> None:
    assert phase_colours(1.0).tolist() == phase_colours([1.0])[0].tolist()
    assert phase_colours(np.nan).tolist() == phase_colours(0.0, inside=False).tolist()
    assert complex_colours(1j).tolist() == complex_colours([1j])[0].tolist()


def test_the_largest_and_the_smallest_numbers_have_colours_too() -> None:
    most, least = np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal
    with np.errstate(all="raise"):
        assert phase_colours(np.float32([most, -most])).shape == (2, 4)
        # The modulus of the first is beyond what its precision can say.
        bright = complex_colours(np.complex64([most + 1j * most, least]))
        dark = complex_colours(np.complex64([least, 0]))
        beyond = complex_colours(np.array([1e300, 1j * 1e300]))
    np.testing.assert_array_equal(bright[0], complex_colours([1 + 1j])[0])
    assert bright[1, :3].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(dark, complex_colours([1, 0]))
    np.testing.assert_array_equal(beyond, complex_colours([1, 1j]))


@pytest.mark.parametrize("largest", [1e-50, 0.0, np.inf, np.nan])
def test_any_largest_modulus_leaves_black_black(largest: float) -> None:
    colours = complex_colours(np.complex64([0, 1j]), largest)
    assert colours[0].tolist() == [0, 0, 0, 255]
    lit = colours[1, :3].any()
    assert lit == (largest not in (0.0, np.inf))
