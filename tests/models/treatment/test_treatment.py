"""Treated runs: the same frames for whoever opens them, told apart from others, and refused where they do not fit."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from models.calibration.settings import CalibrationSettings
from models.errors import BadParameter, CannotOpen, FriedelError
from models.geometry.settings import GeometrySettings
from models.masking.settings import MaskSettings, MaskShape
from models.runs.types import PixelFlag
from models.treatment import UNTREATED, RunReference, Treatment, open_treated
from models.treatment.files import read_treatment, write_treatment
from models.treatment.reference import provenance_of, treatment_of

H, W = 12, 16


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    path = tmp_path / "run.npy"
    np.save(path, np.arange(5 * H * W, dtype=np.int16).reshape(5, H, W))
    return path


@pytest.fixture
def dark(tmp_path: Path) -> Path:
    path = tmp_path / "dark.npy"
    np.save(path, np.full((H, W), 10.0, np.float32))
    return path


@pytest.fixture
def treatment(dark: Path) -> Treatment:
    return Treatment(
        CalibrationSettings(dark=str(dark), adu_per_photon=2.0),
        GeometrySettings(distance_m=0.5),
        MaskSettings(shapes=(MaskShape("rectangle", points=(2.0, 3.0, 4.0, 5.0)),), shape=(H, W)),
    )


def test_nothing_to_do_is_the_run_itself(run_path: Path) -> None:
    with open_treated(run_path) as run:
        assert treatment_of(run) == UNTREATED
        assert run.identity.pixels == run.identity.digest
        assert provenance_of(run) == {}
    assert UNTREATED.digest == ""


def test_frames_come_calibrated_placed_and_masked_everywhere_alike(run_path: Path, treatment: Treatment) -> None:
    with open_treated(run_path) as plain:
        raw, digest = plain.load(3).raw, plain.identity.digest
    reference = pickle.loads(pickle.dumps(RunReference(run_path, None, treatment)))
    run = reference.open()
    frame = run.load(3)
    np.testing.assert_allclose(frame.raw, (raw - 10.0) / 2)
    np.testing.assert_allclose(run.read([3])[0], frame.raw)
    assert run.unit == "photons"
    assert run.geometry.distance_m == 0.5
    masked = (frame.flags & PixelFlag.USER) != 0
    assert masked.any()
    assert not masked.all()
    np.testing.assert_array_equal(run.mask, ~masked)
    assert run.identity.digest == digest, "labels find the run again"
    assert run.identity.pixels != digest, "vectors of other pixels are not taken for its own"
    assert RunReference.of(run) == reference
    assert json.loads(provenance_of(run)["source_treatment"])["calibration"]["adu_per_photon"] == 2.0
    run.close()


def test_a_changed_file_is_another_treatment(treatment: Treatment, dark: Path) -> None:
    same = Treatment.from_state(json.loads(json.dumps(treatment.to_state())))
    assert same == treatment
    assert same.digest == treatment.digest
    np.save(dark, np.full((H, W), 11.0, np.float32))
    assert Treatment.from_state(treatment.to_state()).digest != treatment.digest


def test_what_changes_no_pixel_leaves_vectors_where_they_are(run_path: Path, treatment: Treatment) -> None:
    further = Treatment(geometry=GeometrySettings(distance_m=2.0, photon_energy_eV=900.0))
    assert not further.is_nothing
    assert further.digest == ""
    run = open_treated(run_path, None, further)
    assert run.identity.pixels == run.identity.digest
    assert run.geometry.distance_m == 2.0
    run.close()
    assert treatment.but(geometry=GeometrySettings(distance_m=2.0)).digest == treatment.digest
    assert treatment.but(geometry=GeometrySettings(centre_px=(3.0, 3.0))).digest != treatment.digest


def test_what_does_not_fit_is_refused_with_both_sizes(run_path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npy"
    np.save(other, np.zeros((7, 7), np.float32))
    for wrong in (
        Treatment(calibration=CalibrationSettings(dark=str(other))),
        Treatment(masking=MaskSettings(shapes=(MaskShape("rectangle", points=(0, 0, 1, 1)),), shape=(7, 7))),
    ):
        with pytest.raises(FriedelError) as refused:
            open_treated(run_path, None, wrong)
        assert "7×7" in refused.value.sentence()
        assert f"{H}×{W}" in refused.value.sentence()


def test_a_treatment_goes_through_a_file(treatment: Treatment, tmp_path: Path, dark: Path) -> None:
    path = tmp_path / "t.json"
    write_treatment(path, treatment)
    assert read_treatment(path) == treatment
    by_hand = tmp_path / "t.toml"
    by_hand.write_text('[calibration]\ndark = "dark.npy"\nadu_per_photon = 2.0\n\n[geometry]\ndistance_m = 0.5\n')
    read = read_treatment(by_hand)
    assert read.calibration == treatment.calibration
    assert read.geometry == treatment.geometry


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[calibration\n", "line 1"),
        ("[calibration]\nfoo = 1\n", "unknown parameter 'foo'"),
        ("[calibration]\nadu_per_photon = -1.0\n", "adu_per_photon"),
        ("[colours]\n", "unknown part 'colours'"),
        ("version = 99\n", "version 99"),
        ("geometry = 3\n", "geometry"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text)
    with pytest.raises((CannotOpen, BadParameter)) as refused:
        read_treatment(path)
    assert said in refused.value.sentence()
    assert "t.toml" in refused.value.sentence()
