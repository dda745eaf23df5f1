"""The chain undoes what a detector does, step by step, and never lets bad pixels or photons bias it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import CalibrationSettings, make_calibrator
from models.errors import BadParameter, CannotOpen
from models.runs.types import PixelFlag
from tests.models.calibration.make import ASIC, GAIN, NOISE, SHAPE, KnownRun, known


def settings_for(tmp_path, made, **changes):
    np.save(tmp_path / "dark.npy", made.pedestal)
    full = CalibrationSettings(
        dark=str(tmp_path / "dark.npy"),
        common_mode="row",
        asic_height_px=ASIC[0],
        asic_width_px=ASIC[1],
        adu_per_photon=GAIN,
        round_from=0.5,
    )
    return replace(full, **changes)


def calibrated(chain, run, index=0):
    frame = run.load(index)
    return chain.apply(frame.raw, frame.flags)


def test_the_defaults_do_nothing():
    assert CalibrationSettings().is_nothing
    assert make_calibrator(CalibrationSettings(), known(1).run) is None


@pytest.mark.parametrize("kind", ["row", "column", "asic", "frame"])
def test_photons_come_out_of_pedestal_common_mode_and_gain(tmp_path, kind):
    made = known(kind=kind)
    chain = make_calibrator(settings_for(tmp_path, made, common_mode=kind), made.run)
    assert chain.unit == "photons"
    for index in range(len(made.run)):
        values, flags = calibrated(chain, made.run, index)
        good = flags == 0
        assert values.dtype == np.float32
        # A photon is ten times the noise: what is wrong is what the offset of a group is uncertain by.
        assert np.mean(values[good] != made.photons[index][good]) < 2e-4


def test_without_rounding_what_is_left_is_the_read_noise(tmp_path):
    made = known(rate=0.3)
    chain = make_calibrator(settings_for(tmp_path, made, round_from=None), made.run)
    values, flags = calibrated(chain, made.run)
    left = (values - made.photons[0])[flags == 0] * GAIN
    assert abs(left.mean()) < 0.15 * NOISE
    assert left.std() == pytest.approx(NOISE, rel=0.06)


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.3, 0.8])
def test_photons_do_not_bias_the_common_mode(tmp_path, rate):
    made = known(rate=rate, kind="asic")
    chain = make_calibrator(
        settings_for(tmp_path, made, common_mode="asic", use_gain=False, use_rounding=False), made.run
    )
    values, flags = calibrated(chain, made.run)
    left = values - GAIN * made.photons[0]
    assert abs(left[flags == 0].mean()) < 0.1 * NOISE


def test_masked_pixels_have_no_say_in_the_common_mode(tmp_path):
    made = known()
    chain = make_calibrator(settings_for(tmp_path, made), made.run)
    before, _ = calibrated(chain, made.run)
    made.run.frames[0][~made.run.mask] = np.random.default_rng(1).normal(-5000, 4000, np.sum(~made.run.mask))
    after, _ = calibrated(chain, made.run)
    np.testing.assert_array_equal(before[made.run.mask], after[made.run.mask])


def test_a_group_without_a_dark_pixel_keeps_its_values_and_that_is_said(tmp_path):
    made = known(rate=0.05)
    lit = (slice(0, 3), slice(0, ASIC[1]))
    rng = np.random.default_rng(5)
    made.run.frames[0][lit] = made.pedestal[lit] + GAIN * rng.poisson(60, made.pedestal[lit].shape)
    chain = make_calibrator(settings_for(tmp_path, made, round_from=None), made.run)
    frame = made.run.load(0)
    values, _ = chain.apply(frame.raw, frame.flags)
    expected = (made.run.frames[0] - made.pedestal)[lit] / GAIN
    np.testing.assert_allclose(values[lit], expected, rtol=1e-4)
    note = next(s.note for s in chain.stages(frame.raw, frame.flags) if s.name == "common_mode")
    assert f"3 of {SHAPE[0] * SHAPE[1] // ASIC[1]} have no pixels without photons" in note


def test_offsets_beyond_the_largest_are_not_taken_off(tmp_path):
    made = known(kind="frame", common_adu=0.0, rate=0.0)
    made.run.frames += 50
    chain = make_calibrator(
        settings_for(
            tmp_path, made, common_mode="frame", common_mode_largest=30.0, use_gain=False, use_rounding=False
        ),
        made.run,
    )
    values, flags = calibrated(chain, made.run)
    assert np.median(values[flags == 0]) == pytest.approx(50, abs=1)


def test_taking_the_common_mode_off_twice_is_taking_it_off_once(tmp_path):
    made = known()
    chain = make_calibrator(
        settings_for(tmp_path, made, use_dark=False, use_gain=False, use_rounding=False), made.run
    )
    values = made.run.frames[0] - made.pedestal
    flags = made.run.load(0).flags
    once, _ = chain.apply(values, flags)
    twice, _ = chain.apply(once, flags)
    np.testing.assert_allclose(once, twice, atol=0.35 * NOISE)
    assert np.abs(once - twice).mean() < 0.05 * NOISE


def test_saturation_is_flagged_on_stored_values_before_anything_is_taken_off(tmp_path):
    made = known()
    made.run.frames[0, 5, 5], made.run.frames[0, 5, 6] = 16383, 16382
    made.run.mask[5, 5:7] = True
    chain = make_calibrator(settings_for(tmp_path, made, saturation_level=16383.0), made.run)
    _, flags = calibrated(chain, made.run)
    assert flags[5, 5] == PixelFlag.SATURATED
    assert flags[5, 6] == 0


def test_pixels_without_pedestal_or_gain_are_masked(tmp_path):
    made = known(1)
    made.pedestal[3, 4] = np.nan
    gain_map = np.ones(SHAPE, np.float32)
    gain_map[6, 7], gain_map[8, 9] = 0, np.nan
    np.save(tmp_path / "gain.npy", gain_map)
    made.run.mask[:] = True
    asked = settings_for(tmp_path, made, gain_map=str(tmp_path / "gain.npy"))
    values, flags = calibrated(make_calibrator(asked, made.run), made.run)
    assert flags[3, 4]
    assert flags[6, 7]
    assert flags[8, 9]
    assert np.count_nonzero(flags) == 3
    assert np.isfinite(values[flags == 0]).all()


def test_a_gain_map_makes_pixels_alike(tmp_path):
    made = known(1, noise=0.1, common_adu=0.0)
    gain_map = (0.8 + 0.4 * np.random.default_rng(2).random(SHAPE)).astype(np.float32)
    made.run.frames[0] = made.pedestal + (made.run.frames[0] - made.pedestal) * gain_map
    np.save(tmp_path / "gain.npy", gain_map)
    asked = settings_for(tmp_path, made, gain_map=str(tmp_path / "gain.npy"), common_mode="off")
    values, flags = calibrated(make_calibrator(asked, made.run), made.run)
    np.testing.assert_array_equal(values[flags == 0], made.photons[0][flags == 0])
    np.save(tmp_path / "adu.npy", gain_map * GAIN)
    absolute = replace(asked, gain_map=str(tmp_path / "adu.npy"), gain_map_unit="ADU per photon", adu_per_photon=None)
    chain = make_calibrator(absolute, made.run)
    assert chain.unit == "photons"
    np.testing.assert_array_equal(calibrated(chain, made.run)[0], values)


def test_nan_and_infinite_pixels_stay_out_of_it(tmp_path):
    made = known()
    reference, _ = calibrated(make_calibrator(settings_for(tmp_path, made), made.run), made.run)
    made.run.frames[0, 10, 10:13] = (np.nan, np.inf, -np.inf)
    made.run.mask[10, 10:13] = True
    values, flags = calibrated(make_calibrator(settings_for(tmp_path, made), made.run), made.run)
    assert (flags[10, 10:13] & PixelFlag.NONFINITE).all()
    good = flags == 0
    assert np.mean(values[good] != reference[good]) < 1e-3


def test_integers_of_every_kind_give_the_same(tmp_path):
    made = known(1)
    asked = settings_for(tmp_path, made)
    whole = np.rint(made.run.frames[0])
    flags = made.run.load(0).flags
    chain = make_calibrator(asked, made.run)
    found = [chain.apply(whole.astype(kind), flags)[0] for kind in (np.uint16, np.int32, np.float64, ">u2")]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_the_last_stage_is_what_apply_gives_and_each_names_its_unit(tmp_path):
    made = known(1)
    chain = make_calibrator(settings_for(tmp_path, made, saturation_level=5000.0), made.run)
    frame = made.run.load(0)
    stages = chain.stages(frame.raw, frame.flags)
    assert [stage.name for stage in stages] == ["stored", "saturation", "dark", "common_mode", "gain", "rounding"]
    assert [stage.unit for stage in stages] == ["ADU"] * 4 + ["photons"] * 2
    values, flags = chain.apply(frame.raw, frame.flags)
    np.testing.assert_array_equal(stages[-1].values, values)
    np.testing.assert_array_equal(stages[-1].flags, flags)
    np.testing.assert_array_equal(stages[0].values, frame.raw)
    assert all(stage.note for stage in stages[1:])


def test_a_frame_is_not_changed_by_calibrating_it(tmp_path):
    made = known(1)
    frame = made.run.load(0)
    raw, flags = frame.raw.copy(), frame.flags.copy()
    make_calibrator(settings_for(tmp_path, made, saturation_level=310.0), made.run).stages(frame.raw, frame.flags)
    np.testing.assert_array_equal(frame.raw, raw)
    np.testing.assert_array_equal(frame.flags, flags)


def test_switching_a_step_off_keeps_its_numbers_and_does_what_leaving_them_out_does(tmp_path):
    made = known(1)
    full = settings_for(tmp_path, made, saturation_level=9000.0)
    for name, emptied in (
        ("use_dark", {"dark": ""}),
        ("use_common_mode", {"common_mode": "off"}),
        ("use_saturation", {"saturation_level": None}),
        ("use_rounding", {"round_from": None}),
    ):
        off = replace(full, **{name: False})
        assert off.dark == full.dark
        assert off.asic_width_px == ASIC[1]
        assert off.in_effect == replace(full, **emptied).in_effect
        one, other = make_calibrator(off, made.run), make_calibrator(replace(full, **emptied), made.run)
        np.testing.assert_array_equal(calibrated(one, made.run)[0], calibrated(other, made.run)[0])


@given(st.sets(st.sampled_from([f.name for f in fields(CalibrationSettings) if f.name.startswith("use_")])))
def test_with_all_switches_off_that_have_numbers_nothing_is_done(off):
    full = CalibrationSettings(
        saturation_level=9000.0, dark="/nowhere.npy", common_mode="row", gain_map="/nowhere.npy", adu_per_photon=GAIN,
        round_from=0.6,
    )  # fmt: skip
    asked = replace(full, **dict.fromkeys(off, False))
    assert asked.is_nothing == (len(off) == 6)
    assert asked.in_effect.in_effect == asked.in_effect


def test_a_pedestal_of_another_shape_is_refused_with_both_shapes(tmp_path):
    np.save(tmp_path / "other.npy", np.zeros((64, 64), np.float32))
    with pytest.raises(BadParameter) as refused:
        make_calibrator(CalibrationSettings(dark=str(tmp_path / "other.npy")), known(1).run)
    assert "64×64" in refused.value.sentence()
    assert "64×96" in refused.value.sentence()


def test_a_missing_pedestal_and_a_frame_of_another_shape_are_said(tmp_path):
    made = known(1)
    with pytest.raises(CannotOpen, match="pedestal"):
        make_calibrator(CalibrationSettings(dark=str(tmp_path / "gone.npy")), made.run)
    chain = make_calibrator(CalibrationSettings(adu_per_photon=GAIN), made.run)
    with pytest.raises(BadParameter, match="32×32"):
        chain.apply(np.zeros((32, 32)), np.zeros((32, 32), np.uint8))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"asic_width_px": 200}, "32×200"),
        ({"common_mode": "row", "asic_width_px": 8}, "8 pixels are too few"),
        ({"adu_per_photon": None}, "whole photons"),
        ({"adu_per_photon": -3.0}, "adu_per_photon"),
        ({"round_from": 0.2}, "round_from"),
        ({"common_mode": "panel"}, "common_mode"),
    ],
)
def test_numbers_that_cannot_be_are_refused(tmp_path, changes, words):
    made = known(1)
    with pytest.raises(BadParameter, match=words):
        make_calibrator(settings_for(tmp_path, made, **changes), made.run)


def test_photons_are_not_divided_again():
    photons = KnownRun(np.ones((1, *SHAPE), np.float32), np.ones(SHAPE, np.bool_), unit="photons")
    with pytest.raises(BadParameter, match="in photons already"):
        make_calibrator(CalibrationSettings(adu_per_photon=GAIN), photons)
    rounded = make_calibrator(CalibrationSettings(round_from=0.6), photons)
    assert rounded.unit == "photons"


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5, 0.9), st.lists(st.floats(-3, 40, width=32), min_size=1, max_size=40))
def test_rounding_counts_from_its_threshold_and_never_below_none(start, values):
    run = KnownRun(np.array([[values]], np.float32), np.ones((1, len(values)), np.bool_), unit="photons")
    found, _ = calibrated(make_calibrator(CalibrationSettings(round_from=start), run), run)
    assert (found >= 0).all()
    np.testing.assert_array_equal(found, np.rint(found))
    for value, photons in zip(run.frames[0, 0].astype(np.float64), found[0], strict=True):
        part = value - np.floor(value)
        if value >= 0 and abs(part - start) > 1e-3:
            assert photons == np.floor(value) + (part > start)


@settings(max_examples=25, deadline=None)
@given(st.floats(-500, 500), st.integers(0, 50))
def test_an_offset_of_the_whole_frame_comes_off_whatever_it_is(offset, seed):
    made = known(1, rate=0.1, common_adu=0.0, kind="frame", seed=seed)
    chain = make_calibrator(CalibrationSettings(common_mode="frame"), made.run)
    frame = made.run.load(0)
    values = frame.raw - made.pedestal
    shifted, _ = chain.apply(values + np.float32(offset), frame.flags)
    plain, _ = chain.apply(values, frame.flags)
    np.testing.assert_allclose(shifted, plain, atol=0.01)
