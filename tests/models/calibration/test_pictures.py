"""Pedestals come from pictures, module stacks and whole runs, in whatever file; read once for an unchanged file."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from models.calibration import CalibrationSettings, make_calibrator
from models.errors import BadParameter, CannotOpen
from models.runs import open_run
from models.treatment import Treatment, open_treated
from tests.models.calibration.make import SHAPE, known


def pedestal_of(path, run, **more):
    return make_calibrator(CalibrationSettings(dark=str(path), **more), run)


def test_hdf5_pictures_are_found_by_shape_and_name(tmp_path):
    made = known(1)
    path = tmp_path / "calib.h5"
    with h5py.File(path, "w") as file:
        file["noise/picture"] = np.ones(SHAPE)
        file["pedestals/dark"] = made.pedestal
        file["pedestals/small"] = np.ones((4, 4))
    chain = pedestal_of(path, made.run)
    np.testing.assert_array_equal(chain.pedestal, made.pedestal)
    assert "/pedestals/dark is taken as the pedestal" in chain.notes[0]
    named = pedestal_of(path, made.run, dark_dataset="noise/picture")
    assert (named.pedestal == 1).all()
    assert not named.notes


def test_a_stack_is_a_run_whose_median_is_taken(tmp_path):
    made = known(1)
    rng = np.random.default_rng(3)
    stack = made.pedestal + rng.normal(0, 1, (101, *SHAPE))
    stack[7] += 5000  # one frame with light
    np.save(tmp_path / "darks.npy", stack.astype(np.float32))
    chain = pedestal_of(tmp_path / "darks.npy", made.run)
    np.testing.assert_allclose(chain.pedestal, made.pedestal, atol=1.0)
    assert np.abs(chain.pedestal - made.pedestal).mean() < 0.2
    assert "median of 64 of the 101 frames" in chain.notes[0]


@pytest.fixture
def modules(tmp_path):
    """A run of 4 modules of 32×48, and a number for each of its stored pixels."""
    rng = np.random.default_rng(8)
    stored = rng.normal(100, 30, (4, 32, 48)).astype(np.float32)
    path = tmp_path / "modules.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("entry/data", data=np.stack([stored] * 3))
        data.attrs["axes"] = "experiment_identifier:module_identifier:y:x"
    run = open_run(path)
    yield run, stored
    run.close()


@pytest.mark.parametrize("how", ["modules", "slab", "frame"])
def test_pedestals_of_modules_fit_in_the_shape_they_are_stored(tmp_path, modules, how):
    run, stored = modules
    assert run.shape == (64, 96)
    picture = {"modules": stored, "slab": stored.reshape(128, 48), "frame": run.load(0).data}[how]
    np.save(tmp_path / "dark.npy", picture)
    frame = run.load(0)
    values, flags = pedestal_of(tmp_path / "dark.npy", run).apply(frame.raw, frame.flags)
    assert (values == 0).all()
    assert (flags == 0).all()


def test_an_asic_is_a_part_of_a_module(modules):
    run, _ = modules
    chain = make_calibrator(CalibrationSettings(common_mode="row"), run)
    assert chain.common_mode.block == (32, 48)
    with pytest.raises(BadParameter, match="32×20"):
        make_calibrator(CalibrationSettings(common_mode="asic", asic_width_px=20), run)


def test_a_treated_run_gives_calibrated_frames_and_their_unit(tmp_path):
    made = known(2)
    np.save(tmp_path / "run.npy", made.run.frames)
    np.save(tmp_path / "dark.npy", made.pedestal)
    asked = CalibrationSettings(dark=str(tmp_path / "dark.npy"), adu_per_photon=20.0)
    run = open_treated(tmp_path / "run.npy", None, Treatment(calibration=asked))
    assert run.unit == "photons"
    assert run.dtype == np.float32
    np.testing.assert_allclose(run.frame(1), (made.run.frames[1] - made.pedestal) / 20, rtol=1e-5, atol=1e-4)
    run.close()


def test_vectors_stay_those_of_the_same_pixels_when_a_step_that_is_off_has_numbers(tmp_path):
    np.save(tmp_path / "dark.npy", known(1).pedestal)
    plain = CalibrationSettings(dark=str(tmp_path / "dark.npy"))
    off = replace(plain, adu_per_photon=20.0, use_gain=False, gain_map="/gone.npy", use_gain_map=False)
    assert Treatment(calibration=off).digest == Treatment(calibration=plain).digest
    on = replace(off, use_gain=True)
    assert Treatment(calibration=on).digest != Treatment(calibration=plain).digest
    before = Treatment(calibration=plain).digest
    np.save(tmp_path / "dark.npy", known(1, seed=1).pedestal)
    assert Treatment(calibration=plain).digest != before  # another pedestal under the same name


def test_a_picture_is_read_again_when_its_file_is_another(tmp_path):
    made = known(1)
    path = tmp_path / "dark.npy"
    np.save(path, made.pedestal)
    first = pedestal_of(path, made.run).pedestal
    assert pedestal_of(path, made.run).pedestal is first
    np.save(tmp_path / "next.npy", made.pedestal + 1)
    (tmp_path / "next.npy").replace(path)
    np.testing.assert_array_equal(pedestal_of(path, made.run).pedestal, made.pedestal + 1)


def test_files_that_are_no_pedestal_are_refused_in_words(tmp_path):
    run = known(1).run
    np.save(tmp_path / "objects.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    (tmp_path / "notes.txt").write_text("no pedestal here\n" * 20)
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        file["small"] = np.ones(4)
    for name in ("objects.npy", "notes.txt", "empty.h5"):
        with pytest.raises((BadParameter, CannotOpen)) as refused:
            pedestal_of(tmp_path / name, run)
        assert name in refused.value.sentence()
