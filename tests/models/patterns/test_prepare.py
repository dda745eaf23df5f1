"""From a frame to a pattern: nothing moves or disappears without a step that says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadParameter
from models.patterns import PatternSettings
from models.patterns.prepare import prepare_pattern
from models.patterns.sampling import bin_pixels, crop, fitting_side
from models.runs import Geometry
from tests.models.patterns.make import frame_of, intensities, speckle_object

NOWHERE = Geometry()


def step(pattern, name):
    found = [step for step in pattern.steps if step.name == name]
    assert len(found) == 1, [step.name for step in pattern.steps]
    return found[0]


def off_centre(shift=(3, -5), n=64):
    """A frame whose beam is `shift` from n // 2."""
    return np.roll(intensities(speckle_object(n, 14), 1e7), shift, (0, 1)).astype(np.float32)


def test_the_beam_found_by_symmetry_ends_in_the_middle():
    frame = off_centre()
    pattern = prepare_pattern(frame_of(frame), NOWHERE)
    n = pattern.shape[0]
    assert pattern.shape == (n, n)
    assert pattern.intensity.argmax() == np.ravel_multi_index((n // 2, n // 2), (n, n))
    found = step(pattern, "centre")
    np.testing.assert_allclose(found.values["centre_px"], (35, 27), atol=0.3)
    assert found.values["how"] == "symmetry"
    assert "Friedel" in found.words
    assert step(pattern, "crop").values["sides_px"] == [n, n]


def test_a_frame_without_symmetry_falls_back_to_the_file_then_to_the_middle():
    flat = np.ones((32, 32), np.float32)
    stated = prepare_pattern(frame_of(flat), Geometry(centre_px=(14.0, 17.0)))
    assert step(stated, "centre").values == {"centre_px": [14.0, 17.0], "how": "file"}
    assert step(prepare_pattern(frame_of(flat), NOWHERE), "centre").values["how"] == "middle"
    with pytest.raises(BadParameter, match="cannot be estimated"):
        prepare_pattern(frame_of(flat), NOWHERE, PatternSettings(centre="symmetry"))
    with pytest.raises(BadParameter, match="does not say"):
        prepare_pattern(frame_of(flat), NOWHERE, PatternSettings(centre="file"))


def test_a_given_centre_goes_before_all_else():
    pattern = prepare_pattern(
        frame_of(off_centre()), Geometry(centre_px=(1.0, 1.0)), PatternSettings(centre_y_px=30.0, centre_x_px=31.2)
    )
    assert step(pattern, "centre").values == {"centre_px": [30.0, 31.2], "how": "given"}
    np.testing.assert_allclose(step(pattern, "crop").values["rest_px"], (0, 0.2), atol=1e-9)
    with pytest.raises(BadParameter, match="two coordinates"):
        prepare_pattern(frame_of(off_centre()), NOWHERE, PatternSettings(centre_y_px=30.0))
    with pytest.raises(BadParameter, match="cannot be at"):
        prepare_pattern(frame_of(off_centre()), NOWHERE, PatternSettings(centre_y_px=30.0, centre_x_px=80.0))


def test_counts_are_moved_never_interpolated():
    rng = np.random.default_rng(0)
    counts = rng.poisson(3.0, (40, 50)).astype(np.float32)
    pattern = prepare_pattern(
        frame_of(counts), NOWHERE, PatternSettings(centre_y_px=18.4, centre_x_px=26.7, crop_px=20), unit="photons"
    )
    np.testing.assert_array_equal(pattern.intensity, counts[8:28, 17:37])
    assert pattern.unit == "photons"
    assert not [s for s in pattern.steps if s.name in ("photons", "negative")]


def test_what_lies_beyond_the_detector_is_not_measured():
    counts = np.ones((40, 40), np.float32)
    pattern = prepare_pattern(frame_of(counts), NOWHERE, PatternSettings(centre_y_px=2.0, centre_x_px=20.0))
    assert pattern.shape == (40, 40)
    assert not pattern.measured[:18].any()
    assert pattern.measured[18:].all()
    assert (pattern.intensity[~pattern.measured] == 0).all()
    assert step(pattern, "crop").values["beyond"] == 18 * 40


def test_every_reason_not_to_use_a_pixel_is_counted():
    values = np.full((20, 20), 5, np.float32)
    values[0, 0], values[0, 1], values[0, 2:5] = np.nan, np.inf, 900
    valid = np.ones((20, 20), bool)
    valid[1] = False
    mask = np.ones((20, 20), bool)
    mask[1:3] = False
    pattern = prepare_pattern(
        frame_of(values, valid), NOWHERE, PatternSettings(centre="middle", saturation_level=900), mask=mask
    )
    assert step(pattern, "mask").values == {
        "masked": 20,
        "by the given mask": 20,
        "not a number": 2,
        "saturated (from 900)": 3,
    }
    assert pattern.measured.sum() == 400 - 45
    assert np.isfinite(pattern.intensity).all()


def test_negative_values_are_clipped_and_counted():
    values = np.full((20, 20), 4, np.float32)
    values[3, :4] = -2
    pattern = prepare_pattern(frame_of(values), NOWHERE, PatternSettings(centre="middle"))
    assert step(pattern, "negative").values == {"pixels": 4, "sum": -8.0}
    assert pattern.measured.all()
    assert pattern.intensity.min() == 0


def test_a_beam_stop_is_a_disc_about_the_beam():
    pattern = prepare_pattern(
        frame_of(np.ones((21, 21), np.float32)), NOWHERE, PatternSettings(centre="middle", beam_stop_px=2, crop_px=21)
    )
    y, x = np.nonzero(~pattern.measured)
    assert len(y) == 13
    assert np.hypot(y - 10, x - 10).max() == 2


def test_a_radial_background_is_taken_off_each_ring():
    y, x = np.ogrid[-32:32, -32:32]
    background = (np.rint(np.hypot(y, x)) + 2).astype(np.float32)
    speckles = np.zeros((64, 64), np.float32)
    speckles[::5, ::3] = 50
    measured = np.ones((64, 64), bool)
    measured[:, 40:43] = False
    pattern = prepare_pattern(
        frame_of(background + speckles, measured),
        NOWHERE,
        PatternSettings(centre="middle", background_from="radial", background_percentile=0, crop_px=64),
    )
    np.testing.assert_allclose(pattern.intensity[measured], speckles[measured])
    assert "taken off" in step(pattern, "background").words


def test_a_given_background_must_fit():
    frame = frame_of(np.full((16, 16), 7, np.float32))
    settings = PatternSettings(centre="middle", background_from="given")
    blank = np.full((16, 16), 2.0)
    blank[0, 0] = np.nan
    pattern = prepare_pattern(frame, NOWHERE, settings, background=blank)
    assert (pattern.intensity[pattern.measured] == 5).all()
    assert not pattern.measured[0, 0]
    with pytest.raises(BadParameter, match="shape"):
        prepare_pattern(frame, NOWHERE, settings, background=np.ones((4, 4)))
    with pytest.raises(BadParameter, match="no background"):
        prepare_pattern(frame, NOWHERE, settings)


def adu_frame(per_photon=100.0, rate=0.2, noise=6.0):
    rng = np.random.default_rng(4)
    counts = rng.poisson(rate, (96, 96))
    return (counts * per_photon + rng.normal(0, noise, counts.shape)).astype(np.float32), counts


def test_the_single_photon_peak_gives_photons_when_asked_for():
    values, counts = adu_frame()
    pattern = prepare_pattern(frame_of(values), NOWHERE, PatternSettings(centre="middle", find_photon=True))
    assert step(pattern, "photons").values["adu_per_photon"] == pytest.approx(100, rel=0.03)
    assert pattern.unit == "photons"
    assert pattern.photons == pytest.approx(counts.sum(), rel=0.2)  # clipping the noise adds some


def test_photons_are_never_divided_by_the_value_of_a_photon_again():
    with pytest.raises(BadParameter, match="in photons already"):
        prepare_pattern(frame_of(off_centre()), NOWHERE, PatternSettings(adu_per_photon=100.0), unit="photons")


def test_values_in_other_units_are_left_alone_and_the_peak_only_mentioned():
    values, _ = adu_frame()
    pattern = prepare_pattern(frame_of(np.abs(values)), NOWHERE, PatternSettings(centre="middle"), unit="ADU")
    assert pattern.unit == "arbitrary"
    np.testing.assert_array_equal(pattern.intensity, np.abs(values))
    assert "ADU" in step(pattern, "photons").words


@pytest.mark.parametrize("noise", [30.0, 60.0])
def test_an_unclear_peak_is_not_believed(noise):
    values, _ = adu_frame(per_photon=60.0, noise=noise)
    with pytest.raises(BadParameter, match="not clear"):
        prepare_pattern(frame_of(values), NOWHERE, PatternSettings(centre="middle", find_photon=True))


def test_object_pixels_in_nm_follow_crop_and_binning():
    geometry = Geometry(distance_m=0.5, pixel_size_m=(1e-4, 2e-4), photon_energy_eV=1239.841984332)
    frame = frame_of(np.ones((64, 64), np.float32))
    whole = prepare_pattern(frame, geometry, PatternSettings(centre="middle"))
    binned = prepare_pattern(frame, geometry, PatternSettings(centre="middle", binning=2, crop_px=32))
    # λ = 1 nm: 1 nm · 0.5 m / (64 · 0.1 mm)
    np.testing.assert_allclose(whole.pixel_nm, (78.125, 39.0625))
    assert binned.shape == (16, 16)
    np.testing.assert_allclose(binned.pixel_nm, (156.25, 78.125))
    assert "small angles" in step(whole, "sampling").words
    assert prepare_pattern(frame, NOWHERE).pixel_nm is None


def test_sums_of_partly_measured_blocks_are_scaled_and_said():
    values = np.full((4, 4), 3, np.float32)
    valid = np.ones((4, 4), bool)
    valid[0, 0] = False
    valid[2:, 2] = valid[2, 3] = False
    out, measured, said = bin_pixels(np.where(valid, values, 99), valid, 2)
    assert measured.tolist() == [[True, True], [True, False]]
    assert out.tolist() == [[12, 12], [12, 0]]
    assert said.values["partly"] == 1


@given(
    st.integers(1, 4), st.floats(0, 39), st.floats(0, 29), st.integers(1, 20), st.integers(0, 1000)
)  # fmt: skip
def test_crop_puts_the_beam_into_the_middle_bin(binning, y, x, bins, seed):
    values = np.random.default_rng(seed).poisson(4, (40, 30)).astype(np.float32)
    side = bins * binning
    out, measured, said = crop(values, np.ones(values.shape, bool), (y, x), (side, side), binning)
    rest = np.array(said.values["rest_px"])
    assert (np.abs(rest) <= 0.5 + 1e-9).all()
    first = np.array(said.values["first_px"])
    middle_bin = first + binning * (bins // 2) + (binning - 1) / 2
    np.testing.assert_allclose(middle_bin + rest, (y, x), atol=1e-9)
    rows, columns = np.nonzero(measured)
    np.testing.assert_array_equal(out[rows, columns], values[rows + first[0], columns + first[1]])
    assert measured.sum() + said.values["beyond"] == side * side


@given(st.integers(8, 300), st.integers(8, 300), st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.integers(1, 4))
def test_the_square_that_fits_is_quick_to_transform(h, w, fy, fx, binning):
    side = fitting_side((h, w), (fy * (h - 1), fx * (w - 1)), binning)
    assert side <= min(h, w)
    bins = side // binning
    assert bins * binning == side
    for prime in (2, 3, 5, 7):
        while bins % prime == 0 and bins > 1:
            bins //= prime
    assert bins == 1 or side // binning <= 1


def test_settings_out_of_range_are_refused():
    with pytest.raises(BadParameter, match="binning"):
        prepare_pattern(frame_of(np.ones((16, 16), np.float32)), NOWHERE, PatternSettings(binning=0))
    with pytest.raises(BadParameter, match="mask has shape"):
        prepare_pattern(frame_of(np.ones((16, 16), np.float32)), NOWHERE, mask=np.ones((4, 4), bool))
