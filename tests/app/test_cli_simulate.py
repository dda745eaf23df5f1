"""`friedel simulate`: every parameter of beam and detector is a flag, and the file holds what was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.cli.dispatch import dispatch

SMALL = ["--frames", "6", "--height", "48", "--width", "40"]


def test_beam_and_detector_by_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.cxi"
    flags = [
        "--fluence",
        "physical",
        "--pulse-energy-J",
        "1e-4",
        "--polarisation",
        "horizontal",
        "--focus-fwhm-um",
        "2.5",
    ]
    flags += ["--layout", "quadrants", "--gap-columns", "6", "--readout", "adu", "--adu-per-photon", "30"]
    flags += ["--species", "2", "--species-weights", "1,0", "--truth-in-file", "--json"]
    assert dispatch(["simulate", str(path), *SMALL, *flags]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 6
    with h5py.File(path) as file:
        asked = json.loads(file["truth"].attrs["settings"])
        assert asked["beam"]["pulse_energy_J"] == 1e-4
        assert asked["beam"]["focus_fwhm_um"] == 2.5
        assert asked["detector"]["adu_per_photon"] == 30.0
        assert asked["species_weights"] == [1.0, 0.0]
        assert file["entry_1/data_1/data"].dtype == np.float32
        assert (file["entry_1/instrument_1/detector_1/mask"][0, 17:23] == 0x200).all()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--read-noise-adu", "2"], "read_noise_adu"),
        (["--transmission", "1.5"], "transmission is 1.5"),
        (["--propagator", "msft"], "paraxial surface"),
        (["--species-weights", "1,2"], "species_weights"),
        (["--particle", "nowhere.pdb"], "nowhere.pdb"),
        (["--device", "abacus"], "abacus"),
    ],
)
def test_what_cannot_be_simulated_is_one_line(
    flags: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dispatch(["simulate", str(tmp_path / "run.cxi"), *SMALL, *flags]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert told in said[-1]
    assert list(tmp_path.iterdir()) == []
