"""The list of hostile cases from 21 on; test_hostile_cases.py has the others and says where more tests are."""

from __future__ import annotations

import io
import os

import h5py
import numpy as np
import pytest
import tifffile

from models.errors import AmbiguousRun, FrameUnreadable
from models.runs import PixelFlag, open_run
from models.runs.watch import Change, FileStamp
from tests.models.runs.files import SHAPE, refused, stack, write_cxi
from tests.models.runs.hostile import contents, others_stay_as_they_are, packed, refused_untouched  # noqa: F401
from tests.models.runs.test_emc import photons, write_emc
from tests.models.runs.writers import writing

pytestmark = pytest.mark.usefixtures("others_stay_as_they_are")


def test_case_21_writers_at_work_and_killed(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path) as writer:
        writer.write(3)
        with open_run(path) as run:
            assert len(run) == 3
            assert any("writing this file" in text for text in run.warnings)
        writer.kill()
    with open_run(path) as run:
        assert len(run) == 3
    with writing(tmp_path / "locked.h5", "lazy") as writer:
        writer.write(1)
        assert "another program is writing it" in refused(tmp_path / "locked.h5")


def test_case_22_changed_while_open(tmp_path):
    path, _ = packed(tmp_path / "a.h5")
    stamp = FileStamp.of(path)
    with open_run(path) as run:
        first = run.frame(0)
        packed(tmp_path / "b.h5")[0].replace(path)
        assert stamp.change(FileStamp.of(path)) is Change.REPLACED
        np.testing.assert_array_equal(run.frame(0), first)
    with open_run(path) as run:
        os.truncate(path, 3000)
        with pytest.raises(FrameUnreadable) as caught:
            run.load(19)
        assert "was cut" in caught.value.sentence()
    assert stamp.change(FileStamp.of(path)) is not Change.NOTHING


def test_case_23_tails_that_were_never_written(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = stack((10, 20, 24))
        file["data"].attrs["numEvents"] = 7
        frames = file.create_dataset("other", (100, 20, 24), "u2", chunks=(1, 20, 24))
        frames[:88] = 1
    with open_run(tmp_path / "a.h5", "/data") as run:
        assert len(run) == 7
    with open_run(tmp_path / "a.h5", "/other") as run:
        assert len(run) == 88
        assert any("12 empty frames" in text for text in run.warnings)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.zeros((7, 9), np.uint8), "7×9"),
        (np.full(SHAPE[1:], 0.5), "fractions"),
        (np.full(SHAPE[1:], 4, np.uint32), "100 %"),
        (np.ones(SHAPE[1:], np.uint8), "1 is taken as good"),
    ],
)
def test_case_24_masks(tmp_path, mask, says):
    with open_run(write_cxi(tmp_path / "a.cxi", mask=mask)) as run:
        assert any(says in text for text in run.warnings)
        assert run.load(0).flags.shape == SHAPE[1:]


@pytest.mark.parametrize("shape", [SHAPE, (1, *SHAPE[1:]), (1, 1, *SHAPE[1:])])
def test_case_24_masks_with_more_axes(tmp_path, shape):
    mask = np.zeros(shape, np.uint32)
    mask[..., 0, :] = 4
    with open_run(write_cxi(tmp_path / "a.cxi", mask=mask)) as run:
        frame = run.load(2)
        assert frame.flags.shape == SHAPE[1:]
        assert (frame.flags[0] == PixelFlag.MASKED).all()
        assert frame.valid[1:].all()


def test_case_25_identifiers(tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    with h5py.File(path, "r+") as file:
        file["entry_1/event_id"] = np.array([b"b", b"a", b"a", b"\xff\xfe", b"c"])
    with open_run(path) as run:
        assert list(run.events) == ["b", "a", "a", "\udcff\udcfe", "c"]
    with pytest.raises(AmbiguousRun):
        open_run(path, "/entry_1/data_1/data\0x")
    assert "NUL" in refused(tmp_path / "a\0.cxi")


def test_case_26_npy_that_lie(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}, []], dtype=object))
    assert "Python objects" in refused_untouched(tmp_path / "objects.npy")
    np.save(tmp_path / "cut.npy", stack())
    os.truncate(tmp_path / "cut.npy", 1000)
    assert "incomplete" in refused_untouched(tmp_path / "cut.npy")
    (tmp_path / "text.npy").write_text("1 2 3\n4 5 6\n")
    assert "text file" in refused_untouched(tmp_path / "text.npy")
    bomb = io.BytesIO()
    np.lib.format.write_array_header_1_0(bomb, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 400, 400)})
    (tmp_path / "bomb.npy").write_bytes(bomb.getvalue() + bytes(1000))
    assert "1.28 TB" in refused_untouched(tmp_path / "bomb.npy")


def test_case_27_emc_that_lies(tmp_path):
    frames = photons(16, 16)
    path = write_emc(tmp_path / "a.emc", frames)
    good = path.read_bytes()
    path.write_bytes((2**31 - 1).to_bytes(4, "little") + good[4:])
    assert "incomplete" in refused_untouched(path)
    path.write_bytes(good[:-40])
    assert "incomplete" in refused_untouched(path)
    lists = 1024 + 8 * len(frames)
    path.write_bytes(good[:lists] + (256).to_bytes(4, "little") + good[lists + 4 :])
    with open_run(path) as run:
        with pytest.raises(FrameUnreadable) as caught:
            run.load(0)
        assert "corrupt EMC at frame 0" in caught.value.sentence()
        np.testing.assert_array_equal(run.load(1).raw, frames[1])


def test_case_28_folder_of_tiff(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in (1, 2, 4, 5, 6):
        tifffile.imwrite(folder / f"f_{number}.tif", np.full((20, 24), number, np.uint16))
    tifffile.imwrite(folder / "f_5.tif", np.zeros((30, 30), np.uint16))
    tifffile.imwrite(folder / "f_7.tif", np.zeros((20, 24, 3), np.uint8), photometric="rgb")
    os.truncate(folder / "f_6.tif", 500)
    before = contents(folder)
    with open_run(folder) as run:
        assert [int(run.frame(index)[0, 0]) for index in range(len(run))] == [1, 2, 4]
        told = " ".join(run.warnings)
        for name in ("f_5.tif (30×30", "f_6.tif (incomplete", "f_7.tif (a colour picture"):
            assert name in told
        assert "gap" in told
        with pytest.raises(IndexError):
            run.load(3)
    assert contents(folder) == before


def test_case_29_edf_cut_short(tmp_path):
    edfimage = pytest.importorskip("fabio.edfimage", reason="the extra 'pictures' (fabio) is not installed")
    edfimage.EdfImage(data=stack((20, 24), np.uint16) + np.uint16(1)).write(str(tmp_path / "a.edf"))
    os.truncate(tmp_path / "a.edf", (tmp_path / "a.edf").stat().st_size - 100)
    assert "100 bytes are missing" in refused_untouched(tmp_path / "a.edf")


def test_case_30_twenty_thousand_groups(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        detector = file.create_group("run_1/detector_1")
        group = detector.create_group("tag_1000")
        group["detector_data"] = stack((20, 24))
        for tag in range(1001, 21_000):
            detector[f"tag_{tag}"] = group
    with open_run(tmp_path / "a.h5") as run:
        assert len(run) == 20_000
        assert (run.events[0], run.events[19_999]) == ("1000", "20999")
        np.testing.assert_array_equal(run.frame(15_000), stack((20, 24)))


def test_case_31_disks_without_locks(tmp_path, monkeypatch):
    path = write_cxi(tmp_path / "a.cxi")
    real = h5py.File

    def no_locks(path, mode="r", *, locking=None, **how):
        if locking is not False:
            raise OSError(37, "Unable to synchronously open file (unable to lock file, errno = 37)")
        return real(path, mode, locking=locking, **how)

    monkeypatch.setattr(h5py, "File", no_locks)
    before = contents(tmp_path)
    with open_run(path) as run:
        assert run.load(0).raw.shape == (20, 24)
    assert contents(tmp_path) == before
