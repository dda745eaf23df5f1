"""The CXI file of a simulated run, and its truth apart from it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.errors import NotSaved
from models.progress import drain
from models.runs import open_run
from models.simulation import detector
from models.simulation.beam import BeamSettings
from models.simulation.demo import DEMO
from models.simulation.generate import KIND_NAMES, Truth, simulate
from models.simulation.panels import DetectorSettings, bad_pixels
from models.simulation.settings import SimulationSettings
from models.simulation.write import cxi_mask, event_names, write_cxi

SMALL = SimulationSettings(frames=40, height=32, width=48, gap_rows=2, beam_stop_px=2.0, family="proteins", seed=4)
DETECTOR = "entry_1/instrument_1/detector_1"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return drain(write_cxi(folder / "run.cxi", SMALL, folder / "run_truth.csv"))


def test_frames_and_metadata_are_as_the_specification_says(written: Path):
    blocks = []
    drain(simulate(SMALL), blocks.append)
    with h5py.File(written) as file:
        assert file["cxi_version"][()] == 160
        assert file["number_of_entries"][()] == 1
        data = file["entry_1/data_1/data"]
        np.testing.assert_array_equal(data[:], np.concatenate([block.counts for block in blocks]))
        assert (data.dtype, data.chunks, data.compression, data.shuffle) == (np.uint16, (1, 32, 48), "gzip", True)
        assert data.attrs["axes"] == "experiment_identifier:y:x"
        assert file.get("entry_1/data_1/data", getlink=True).path == f"/{DETECTOR}/data"
        events = [event.decode() for event in file["entry_1/experiment_identifier"][:]]
        assert events == event_names(40)
        assert len(set(events)) == 40
        mask = file[f"{DETECTOR}/mask"][:]
        assert mask.dtype == np.uint32
        np.testing.assert_array_equal(mask == 0, detector.usable(SMALL))
        assert set(np.unique(mask & 0x200)) == {0, 0x200}
        assert (mask[detector.beam_stop(SMALL)] & 0x10).all()
        assert file[f"{DETECTOR}/distance"][()] == SMALL.distance_m
        assert file[f"{DETECTOR}/x_pixel_size"][()] == SMALL.pixel_size_m
        assert file["entry_1/instrument_1/source_1/energy"][()] == pytest.approx(1660 * 1.602176634e-19)
        assert file["entry_1/instrument_1/source_1/pulse_energy"].shape == (40,)
        np.testing.assert_array_equal(file[f"{DETECTOR}/photon_counts"][:], data[:].sum(axis=(1, 2)))
        np.testing.assert_array_equal(file["entry_1/image_1/image_center"][:], [23.5, 15.5, 0])


def test_truth_is_a_table_of_its_own(written: Path):
    truth = drain(simulate(SMALL))
    with (written.parent / "run_truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["index", "event", "class", "species", "particles", "photons"]
    assert [row["class"] for row in rows] == [KIND_NAMES[kind] for kind in truth.kind]
    assert [int(row["species"]) for row in rows] == list(truth.species)
    assert [row["event"] for row in rows] == event_names(40)
    np.testing.assert_allclose([float(row["photons"]) for row in rows], truth.photons, atol=0.06)


def test_the_file_does_not_hold_the_truth(written: Path):
    truth = drain(simulate(SMALL))
    names: list[str] = []
    per_frame: dict[str, np.ndarray] = {}

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        names.append(name.rsplit("/", 1)[-1])
        if isinstance(item, h5py.Dataset) and item.shape == (40,) and item.dtype.kind in "iuf":
            per_frame[name] = item[:].astype(float)

    with h5py.File(written) as file:
        file.visititems(look)
    words = {"class", "kind", "truth", "species", "particles", "orientation", "diameter", "photons", "label"}
    assert not words & set(names)
    assert len(per_frame) >= 3
    for name, values in per_frame.items():
        for field in (truth.kind, truth.species, truth.particles):
            assert abs(np.corrcoef(values, field)[0, 1]) < 0.6, name


def test_the_whole_truth_goes_into_the_file_where_asked_for(tmp_path: Path):
    settings = replace(SMALL, beam=BeamSettings(fluence="physical", background_photons=300.0, hit_radius=0.5))
    path = drain(write_cxi(tmp_path / "run.cxi", settings, truth_in_file=True))
    truth = drain(simulate(settings))
    with h5py.File(path) as file:
        group = file["truth"]
        for field in fields(Truth):
            np.testing.assert_array_equal(group[field.name][:], getattr(truth, field.name))
        assert [name.decode() for name in group["class"][:]] == [KIND_NAMES[kind] for kind in truth.kind]
        units = {
            name: group[name].attrs.get("units") for name in ("diameter_nm", "hit_position_um", "fluence_per_nm2")
        }
        assert units == {"diameter_nm": "nm", "hit_position_um": "um", "fluence_per_nm2": "photons/nm^2"}
        assert json.loads(group.attrs["settings"])["beam"]["hit_radius"] == 0.5
        np.testing.assert_array_equal(file["entry_1/instrument_1/source_1/pulse_energy"][:], truth.pulse_energy_J)


def test_friedel_opens_the_run_with_its_geometry_unit_and_bad_pixels(tmp_path: Path):
    electronics = DetectorSettings(
        layout="modules", readout="adu", adu_per_photon=12.0, read_noise_adu=1.0, dead_share=0.02, hot_share=0.01,
        full_well_photons=500,
    )  # fmt: skip
    settings = replace(SMALL, detector=electronics)
    path = drain(write_cxi(tmp_path / "run.cxi", settings))
    with open_run(path) as run:
        assert run.unit == "ADU"
        assert run.dtype == np.float32
        assert run.geometry.distance_m == settings.distance_m
        assert run.geometry.photon_energy_eV == pytest.approx(settings.photon_energy_eV)
        assert run.geometry.pixel_size_m == pytest.approx((settings.pixel_size_m,) * 2)
        assert run.geometry.centre_px == pytest.approx(settings.centre_px)
        bad = bad_pixels(settings)
        np.testing.assert_array_equal(run.mask, detector.usable(settings) & ~bad.dead & ~bad.hot)
        # Hot pixels are no photons.
        assert run.columns["photon_counts"].values.max() < 21_000
        assert not run.warnings
    hidden = replace(settings, detector=replace(electronics, bad_pixels_in_mask=False))
    np.testing.assert_array_equal(cxi_mask(hidden) == 0, detector.usable(settings))


def test_stopping_leaves_nothing_behind_and_the_old_file_alone(tmp_path: Path):
    target = tmp_path / "run.cxi"
    target.write_bytes(b"precious")
    work = write_cxi(target, SMALL, tmp_path / "truth.csv")
    next(work)
    work.close()
    assert target.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["run.cxi"]


def test_a_missing_folder_is_made_and_one_that_cannot_be_is_named(tmp_path: Path):
    assert drain(write_cxi(tmp_path / "new" / "run.cxi", SMALL)).is_file()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotSaved, match=r"file.*run\.cxi") as raised:
        drain(write_cxi(tmp_path / "file" / "run.cxi", SMALL))
    assert raised.value.hint


@pytest.mark.parametrize("room", [6_000, 30_000, 60_000])
def test_a_full_disk_is_said_and_does_not_end_the_process(tmp_path: Path, room: int):
    program = f"""
import pathlib, resource
from models.errors import NotSaved
from models.progress import drain
from models.simulation.write import write_cxi
from tests.models.simulation.test_write import SMALL
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, resource.RLIM_INFINITY))
try:
    drain(write_cxi(pathlib.Path({str(tmp_path)!r}) / "run.cxi", SMALL, compression=0))
except NotSaved as error:
    print(error.sentence())
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=root)
    assert (done.returncode, done.stderr) == (0, "")
    assert "was not saved" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_demo_run_as_shipped_is_what_its_settings_say():
    shipped = Path(__file__).parents[3] / "resources" / "demo"
    assert (shipped / "demo.cxi").stat().st_size <= 5_000_000
    blocks = simulate(DEMO)
    first = next(blocks)
    blocks.close()
    with h5py.File(shipped / "demo.cxi") as file:
        frames = file["entry_1/data_1/data"]
        assert frames.shape == (2000, 128, 128)
        # Matrix products round differently from one processor to another, which rarely moves one photon and with it
        # the rest of that frame; every other frame must be the same to the last count.
        same = (frames[: len(first.counts)] == first.counts).all(axis=(1, 2))
        assert same.mean() > 0.8
    with (shipped / "demo_truth.csv").open(encoding="utf-8", newline="") as file:
        kinds = [row["class"] for row in csv.DictReader(file)]
    assert len(kinds) == 2000
    assert kinds[: len(first.truth)] == [KIND_NAMES[kind] for kind in first.truth.kind]
    shares = [kinds.count(name) / 2000 for name in KIND_NAMES]
    np.testing.assert_allclose(shares, [0.35, 0.20, 0.30, 0.15], atol=0.04)
