"""Runs read as EXtra-data, the facility's own library, reads them: its example runs, filled with numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from models.runs import PixelFlag, open_run
from models.runs.stack import StackRun

pytest.importorskip("extra_data", reason="EXtra-data is not installed: the facility's library is the peer here")
pytestmark = pytest.mark.filterwarnings("ignore")


def fill(folder: Path, key: str, seed: int = 0) -> None:
    """Numbers into some entries of every module of an example run, which is full of zeros."""
    rng = np.random.default_rng(seed)

    def touch(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and path.endswith(key) and item.ndim > 2 and item.shape[0]:
            for row in {0, 1, item.shape[0] // 2, item.shape[0] - 1}:
                item[row] = rng.integers(1, 4000, item.shape[1:])

    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path, "r+") as file:
            file.visititems(touch)


def slabs(run: StackRun, index: int) -> tuple[np.ndarray, np.ndarray]:
    """((modules, ss, fs) pixels, (modules,) whether the module is there) of a frame."""
    frame = run.load(index)
    places = run.slab_index()
    assert places is not None
    modules, ss, fs = run.slab_shape
    slab, flags = np.zeros(modules * ss * fs, frame.raw.dtype), np.zeros(modules * ss * fs, np.uint8)
    slab[places[places >= 0]], flags[places[places >= 0]] = frame.raw[places >= 0], frame.flags[places >= 0]
    there = (flags.reshape(modules, -1) & PixelFlag.MISSING == 0).all(axis=1)
    return slab.reshape(modules, ss, fs), there


def spb(folder: Path) -> None:
    from extra_data.tests.mockdata import write_file
    from extra_data.tests.mockdata.detectors import AGIPDModule

    counts = np.array([3, 0, 7, 1], "u8")
    for module in (0, 1, 2, 15):
        path = folder / f"RAW-R0238-AGIPD{module:02}-S00000.h5"
        source = AGIPDModule(f"SPB_DET_AGIPD1M-1/DET/{module}CH0", frames_per_train=counts)
        write_file(path, [source], ntrains=4, chunksize=32, format_version="0.5")


def spb_corrected(folder: Path) -> None:
    from extra_data.tests.mockdata import write_file
    from extra_data.tests.mockdata.detectors import AGIPDModule

    for module in (0, 4, 9):
        path = folder / f"CORR-R0142-AGIPD{module:02}-S00000.h5"
        source = AGIPDModule(
            f"SPB_DET_AGIPD1M-1/CORR/{module}CH0",
            channel_name="output",
            raw=False,
            frames_per_train=4,
            legacy_name=f"SPB_DET_AGIPD1M-1/DET/{module}CH0",
        )
        write_file(path, [source], ntrains=3, chunksize=32, format_version="1.2")


def lpd(folder: Path) -> None:
    from extra_data.tests import make_examples

    make_examples.make_lpd_run_mini_missed_train(folder)


def jungfrau(folder: Path) -> None:
    from extra_data.tests.mockdata import write_file
    from extra_data.tests.mockdata.jungfrau import JUNGFRAUModule

    for module in (1, 3):
        path = folder / f"RAW-R0012-JNGFR{module:02}-S00000.h5"
        write_file(path, [JUNGFRAUModule(f"SPB_IRDA_JF1M/DET/JNGFR{module:02}", raw=True)], ntrains=2, chunksize=1)


def dssc(folder: Path) -> None:
    from extra_data.tests.mockdata import write_file
    from extra_data.tests.mockdata.detectors import DSSCModule

    for module in (0, 1, 15):
        path = folder / f"RAW-R0100-DSSC{module:02}-S00000.h5"
        source = DSSCModule(f"SCS_DET_DSSC1M-1/DET/{module}CH0", frames_per_train=5)
        write_file(path, [source], ntrains=3, chunksize=4, format_version="1.0")


RUNS = [
    pytest.param(spb, "AGIPD1M", "image.data", True, id="AGIPD raw, lit frames only"),
    pytest.param(spb_corrected, "AGIPD1M", "image.data", False, id="AGIPD corrected, two modules lost"),
    pytest.param(lpd, "LPD1M", "image.data", True, id="LPD raw, a train missed"),
    pytest.param(dssc, "DSSC1M", "image.data", True, id="DSSC raw"),
    pytest.param(jungfrau, "JUNGFRAU", "data.adc", True, id="JUNGFRAU, memory cells"),
]


@pytest.mark.parametrize(("make", "detector", "key", "raw"), RUNS)
def test_every_module_of_every_frame(
    tmp_path: Path, make: Callable[[Path], None], detector: str, key: str, raw: bool
) -> None:
    import extra_data
    from extra_data import components

    folder = tmp_path / "run"
    folder.mkdir()
    make(folder)
    fill(folder, key.replace(".", "/"))
    data = extra_data.DataCollection.from_paths(sorted(folder.glob("*.h5")))
    theirs = getattr(components, detector)(data, raw=raw, min_modules=1)
    frames = theirs[key]
    everything = frames.ndarray(module_gaps=True)
    run = open_run(folder)
    assert isinstance(run, StackRun)
    trains = np.repeat(frames.train_id_coordinates(), 16) if detector == "JUNGFRAU" else frames.train_id_coordinates()
    assert len(run) == len(trains)
    assert run.columns["trainId"].values.tolist() == trains.tolist()
    if detector != "JUNGFRAU":
        pulses = theirs["image.pulseId"].ndarray(module_gaps=True).reshape(theirs.n_modules, -1)
        assert run.columns["pulseId"].values.tolist() == pulses[min(theirs.modno_to_source)].tolist()
    chosen = sorted({0, 1, len(run) // 2, len(run) - 1})
    if detector == "JUNGFRAU":
        everything = everything.reshape(everything.shape[0], -1, *everything.shape[-2:])
    elif everything.ndim == 5:
        everything = everything[:, :, 0]
    seen = 0
    for index in chosen:
        slab, there = slabs(run, index)
        for module in np.flatnonzero(there):
            np.testing.assert_array_equal(slab[module], everything[module, index])
            seen += int(slab[module].any())
        for module in np.flatnonzero(~there):
            gap = everything[module, index]
            assert not np.nan_to_num(gap).any(), "what is missing here, EXtra-data has not got, either"
    assert seen, "the frames compared hold something"


def test_trains_that_the_facility_suspects_are_left_out(tmp_path: Path) -> None:
    import extra_data
    from extra_data.components import AGIPD1M
    from extra_data.tests.mockdata import write_file
    from extra_data.tests.mockdata.detectors import AGIPDModule

    for module in (0, 1):
        path = tmp_path / f"RAW-R0239-AGIPD{module:02}-S00000.h5"
        source = AGIPDModule(f"SPB_DET_AGIPD1M-1/DET/{module}CH0", frames_per_train=2)
        write_file(path, [source], ntrains=6, chunksize=32, format_version="1.0")
    with h5py.File(path, "r+") as file:
        file["INDEX/trainId"][3] = 55555
        file["INDEX/flag"][3] = 0
    data = extra_data.DataCollection.from_paths(sorted(tmp_path.glob("*.h5")), inc_suspect_trains=False)
    theirs = AGIPD1M(data, raw=True)["image.data"].train_id_coordinates().tolist()
    assert open_run(tmp_path).columns["trainId"].values.tolist() == theirs
