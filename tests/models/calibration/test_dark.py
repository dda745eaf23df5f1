"""Pedestals made of frames: in the dark, and with light; memory bounded, unreadable frames left out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.calibration.dark import DarkSettings, make_dark, save_dark
from models.errors import BadParameter
from models.progress import drain
from tests.models.calibration.make import GAIN, NOISE, SHAPE, known


def dark_of(made, frames=None, block_bytes=1 << 28, **settings):
    chosen = range(len(made.run)) if frames is None else frames
    return drain(make_dark(made.run, chosen, DarkSettings(**settings), block_bytes=block_bytes))


@pytest.mark.parametrize("statistic", ["median", "mean"])
def test_dark_frames_give_the_pedestal_and_the_noise(statistic):
    made = known(60, rate=0.0, common_adu=0.0)
    found = dark_of(made, statistic=statistic)
    assert found.frames == 60
    good = made.run.mask
    apart = (found.pedestal - made.pedestal)[good]
    assert apart.std() == pytest.approx(NOISE * (1.25 if statistic == "median" else 1) / np.sqrt(60), rel=0.1)
    assert np.median(found.noise[good]) == pytest.approx(NOISE, rel=0.08)
    assert np.isnan(found.pedestal[~good]).all()


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])
def test_frames_with_light_give_the_pedestal_too(rate):
    made = known(60, rate=rate, common_adu=0.0)
    found = dark_of(made, statistic="lowest peak")
    apart = (found.pedestal - made.pedestal)[made.run.mask]
    assert abs(apart.mean()) < 0.1 * NOISE
    assert apart.std() < 0.5 * NOISE
    biased = dark_of(made, statistic="mean").pedestal - made.pedestal
    assert abs(biased[made.run.mask].mean()) > 0.9 * rate * GAIN  # what the lowest peak is for


def test_pixels_lit_in_most_frames_lean_on_their_neighbours():
    made = known(40, rate=0.05, common_adu=0.0)
    made.pedestal[:] = 300 + 2 * np.arange(SHAPE[0])[:, None]
    rng = np.random.default_rng(6)
    made.run.frames[:] = made.pedestal + rng.normal(0, NOISE, made.run.frames.shape)
    made.run.frames[:, 20:30, 40:50] += GAIN * rng.poisson(40, (40, 10, 10))
    made.run.mask[:] = True
    found = dark_of(made, statistic="lowest peak")
    assert found.borrowed > 90
    assert np.abs(found.pedestal - made.pedestal)[20:30, 40:50].max() < NOISE


def test_few_frames_do_not_put_their_noise_into_the_pedestal():
    made = known(8, rate=0.0, common_adu=0.0)
    made.pedestal[:] = 300
    made.pedestal[5, 5] = 390  # one hot pixel stays one
    rng = np.random.default_rng(7)
    made.run.frames[:] = made.pedestal + rng.normal(0, NOISE, made.run.frames.shape)
    made.run.mask[:] = True
    leaning = dark_of(made, statistic="lowest peak").pedestal - made.pedestal
    plain = dark_of(made, statistic="median").pedestal - made.pedestal
    assert leaning.std() < 0.4 * plain.std()
    assert abs(leaning[5, 5]) < 2 * NOISE


def test_bands_give_what_one_pass_gives_and_read_within_their_memory():
    made = known(12, rate=0.1, common_adu=0.0)
    whole = dark_of(made)
    made.run.reads = 0
    banded = dark_of(made, block_bytes=4 * 12 * SHAPE[1] * 20)
    np.testing.assert_array_equal(whole.pedestal, banded.pedestal)
    np.testing.assert_array_equal(whole.noise, banded.noise)
    assert made.run.reads == 12 * 4  # 64 rows in bands of 20


def test_unreadable_frames_are_left_out_and_none_at_all_is_said():
    made = known(6, rate=0.0)
    made.run.unreadable = (1, 4)
    found = dark_of(made)
    assert (found.frames, found.skipped) == (4, 2)
    assert found.provenance["frames"] == [0, 2, 3, 5]
    made.run.unreadable = tuple(range(6))
    with pytest.raises(BadParameter, match="no pedestal"):
        dark_of(made)
    with pytest.raises(BadParameter, match="no frame"):
        dark_of(made, [])
    with pytest.raises(BadParameter, match="too few"):
        dark_of(made, [0, 1], statistic="lowest peak")


def test_at_most_so_many_frames_are_taken_spread_over_all():
    made = known(50, rate=0.0)
    found = dark_of(made, most_frames=5)
    assert found.provenance["frames"] == [0, 12, 24, 37, 49]


def test_the_work_can_be_stopped_between_frames():
    work = make_dark(known(20).run, range(20), DarkSettings())
    records = [next(work) for _ in range(3)]
    assert [record.done for record in records] == [0, 1, 2]
    assert records[0].total == 20
    work.close()


def test_a_pedestal_is_saved_with_where_it_comes_from(tmp_path):
    made = known(5, rate=0.0)
    found = dark_of(made)
    save_dark(found, tmp_path / "calibration" / "pedestal_1.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "calibration" / "pedestal_1.npy"), found.pedestal)
    np.testing.assert_array_equal(np.load(tmp_path / "calibration" / "pedestal_1_noise.npy"), found.noise)
    told = json.loads((tmp_path / "calibration" / "pedestal_1.json").read_text())
    assert told["frames"] == [0, 1, 2, 3, 4]
    assert told["settings"]["statistic"] == "median"
    assert told["made_from"] == "known.npy"
    assert told["shape"] == list(SHAPE)
