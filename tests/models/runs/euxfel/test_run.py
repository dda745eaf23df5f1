"""Run directories of European XFEL open as runs: every module's pixels where they belong, and nowhere else."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.errors import AmbiguousRun, CannotOpen, FrameUnreadable
from models.runs import PixelFlag, Run, describe, open_run
from models.runs.euxfel import store
from models.runs.masks import Convention, MaskOverride
from tests.models.runs.euxfel.files import AGIPD, JUNGFRAU, value, write_camera, write_jungfrau, write_module

TWO = [(1001, [0, 1, 2]), (1002, [0, 1, 2])]


def module_of(run: Run, index: int, module: int) -> tuple[np.ndarray, np.ndarray]:
    """(pixels, flags) of a module of 16×8 in a frame of sixteen."""
    frame = run.load(index)
    assert frame.raw.shape == (32, 64), "sixteen modules of 16×8 lie in a grid of 2×8"
    row, column = divmod(module, 8)
    there = np.s_[16 * row : 16 * row + 16, 8 * column : 8 * column + 8]
    return frame.raw[there], frame.flags[there]


def said(run: Run) -> str:
    return "\n".join(run.warnings)


def test_a_frame_is_a_pulse_over_all_modules(tmp_path: Path) -> None:
    for module in range(16):
        write_module(tmp_path / "r0238", module, TWO)
    run = open_run(tmp_path / "r0238")
    assert len(run) == 6
    assert run.dtype == np.uint16
    assert run.unit == "ADU"
    assert list(run.events or ()) == ["1001:0", "1001:1", "1001:2", "1002:0", "1002:1", "1002:2"]
    for index, (train, pulse) in enumerate([(t, p) for t, pulses in TWO for p in pulses]):
        for module in range(16):
            pixels, flags = module_of(run, index, module)
            assert (pixels == value(module, train, pulse)).all()
            assert not flags.any()
    assert run.columns["trainId"].values.tolist() == [1001] * 3 + [1002] * 3
    assert run.columns["pulseId"].values.tolist() == [0, 1, 2] * 2
    assert run.columns["cellId"].values.tolist() == [200, 201, 202] * 2
    assert run.columns["modules"].values.tolist() == [16] * 6
    assert run.geometry.pixel_size_m == (200e-6, 200e-6)
    assert "not calibrated" in said(run)
    assert describe(run).dataset == f"/INSTRUMENT/{AGIPD}/DET/*CH0:xtdf/image/data"


def test_a_module_that_missed_a_train_is_a_gap_and_never_zeros(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    write_module(tmp_path, 3, TWO[1:])
    run = open_run(tmp_path)
    assert len(run) == 6
    assert (module_of(run, 0, 3)[1] == PixelFlag.MISSING).all()
    assert not module_of(run, 0, 0)[1].any()
    pixels, flags = module_of(run, 3, 3)
    assert (pixels == value(3, 1002, 0)).all()
    assert not flags.any()
    assert "In 1 of 2 trains some modules recorded nothing" in said(run)
    assert "modules 1, 2 and 4–15 of 16 are in no file" in said(run)
    assert run.columns["modules"].values.tolist() == [1, 1, 1, 2, 2, 2]
    assert run.mask[:16, :8].all(), "module 0 is there"
    assert not run.mask[:16, 8:16].any(), "module 1 is in no frame"


def test_trains_that_only_one_module_recorded_are_frames(tmp_path: Path) -> None:
    write_module(tmp_path, 0, [(1001, [0])])
    write_module(tmp_path, 1, [(1002, [0])])
    run = open_run(tmp_path)
    assert list(run.events or ()) == ["1001:0", "1002:0"]
    assert (module_of(run, 1, 0)[1] == PixelFlag.MISSING).all()
    assert (module_of(run, 1, 1)[0] == value(1, 1002, 0)).all()


def test_trains_out_of_order_repeated_and_empty(tmp_path: Path) -> None:
    write_module(tmp_path, 0, [(1003, [0, 1]), (1001, [0, 1]), (1002, []), (1001, [0, 1])], version="0.5")
    write_module(tmp_path, 1, [(1001, [0, 1]), (1002, []), (1003, [0, 1]), (0, [])], version="0.5")
    run = open_run(tmp_path)
    assert list(run.events or ()) == ["1001:0", "1001:1", "1003:0", "1003:1"]
    for index, (train, pulse) in enumerate([(1001, 0), (1001, 1), (1003, 0), (1003, 1)]):
        for module in (0, 1):
            assert (module_of(run, index, module)[0] == value(module, train, pulse)).all()
    assert "1 trains come twice" in said(run)
    assert "out of order" in said(run)


@pytest.mark.parametrize(("version", "flag"), [("1.0", [1, 0, 1]), ("1.1", [0, 2, 0]), ("1.2", [1, 0, 1])])
def test_trains_without_the_facilitys_clock_are_left_out(tmp_path: Path, version: str, flag: list[int]) -> None:
    trains = [(1001, [0]), (555, [0]), (1003, [0])]
    write_module(tmp_path, 0, trains, version=version, flag=flag)
    run = open_run(tmp_path)
    assert list(run.events or ()) == ["1001:0", "1003:0"]
    assert "1 entries whose train identifier did not come from the facility's clock" in said(run)


def test_where_no_train_has_the_facilitys_clock_all_are_kept(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO, flag=[0, 0])
    assert len(open_run(tmp_path)) == 6


def test_the_index_of_the_first_years(tmp_path: Path) -> None:
    write_module(tmp_path, 0, [(1001, [0, 1]), (1002, []), (1003, [4])], version="0.5", old_index=True)
    run = open_run(tmp_path)
    assert list(run.events or ()) == ["1001:0", "1001:1", "1003:4"]
    assert (module_of(run, 2, 0)[0] == value(0, 1003, 4)).all()


def test_sequences_follow_each_other(tmp_path: Path) -> None:
    for module in (0, 1):
        write_module(tmp_path, module, [(1003, [0, 1])], sequence=1)
        write_module(tmp_path, module, [(1001, [0]), (1002, [0, 1])], sequence=0)
    run = open_run(tmp_path)
    assert list(run.events or ()) == ["1001:0", "1002:0", "1002:1", "1003:0", "1003:1"]
    assert (module_of(run, 4, 1)[0] == value(1, 1003, 1)).all()


@pytest.mark.parametrize("pulses", [[1, 2], [0, 2, 4], [2, 1, 0]])
def test_modules_with_other_pulses_are_put_together_by_pulse(tmp_path: Path, pulses: list[int]) -> None:
    write_module(tmp_path, 0, [(1001, [0, 1, 2])])
    write_module(tmp_path, 1, [(1001, pulses)])
    run = open_run(tmp_path)
    events = list(run.events or ())
    for index, event in enumerate(events):
        pulse = int(event.split(":")[1])
        for module, recorded in ((0, [0, 1, 2]), (1, pulses)):
            pixels, flags = module_of(run, index, module)
            if pulse in recorded:
                assert (pixels == value(module, 1001, pulse)).all()
                assert not flags.any()
            else:
                assert (flags == PixelFlag.MISSING).all()
    assert set(events) >= {"1001:0", "1001:1", "1001:2"}


def test_without_pulse_numbers_cells_tell_frames_apart(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO, pulse_ids=False)
    assert list(open_run(tmp_path).events or ())[:2] == ["1001:200", "1001:201"]


def test_pulse_numbers_that_repeat_themselves_are_not_used(tmp_path: Path) -> None:
    for module in (0, 1):
        write_module(tmp_path, module, [(1001, [5, 5, 5])])
    run = open_run(tmp_path)
    assert list(run.events or ()) == ["1001:0", "1001:1", "1001:2"]
    assert "repeats itself" in said(run)


def test_a_damaged_file_is_named_and_its_module_missing(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    broken = write_module(tmp_path, 1, TWO)
    broken.write_bytes(broken.read_bytes()[:2000])
    run = open_run(tmp_path)
    assert f"{broken.name} is left out" in said(run)
    assert (module_of(run, 0, 1)[1] == PixelFlag.MISSING).all()
    assert (module_of(run, 5, 0)[0] == value(0, 1002, 2)).all()


def test_a_folder_of_damaged_files_says_so(tmp_path: Path) -> None:
    broken = write_module(tmp_path, 1, TWO)
    broken.write_bytes(broken.read_bytes()[:2000])
    with pytest.raises(CannotOpen, match="cannot be opened") as caught:
        open_run(tmp_path)
    assert broken.name in caught.value.sentence()


def test_frames_that_the_index_promises_and_the_file_lacks(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO, stored=4)
    run = open_run(tmp_path)
    assert list(run.events or ()) == ["1001:0", "1001:1", "1001:2", "1002:0"]
    assert "1 trains are in an index but not (wholly) in its file" in said(run)


def test_a_run_without_frames_says_so(tmp_path: Path) -> None:
    write_module(tmp_path, 0, [(1001, []), (1002, [])])
    with pytest.raises(CannotOpen, match="no frames yet"):
        open_run(tmp_path)


@pytest.mark.parametrize(("bits", "masked"), [(0, False), (1, True), (1 << 22, False), (1 << 22 | 1 << 18, True)])
def test_masks_of_corrected_data(tmp_path: Path, bits: int, masked: bool) -> None:
    for module in range(16):
        write_module(tmp_path, module, TWO, kind="CORR", mask=bits if module == 2 else 0)
    run = open_run(tmp_path)
    assert run.dtype == np.float32
    pixels, flags = module_of(run, 1, 2)
    assert (pixels == value(2, 1001, 1)).all()
    assert flags[0, 0] == 0
    assert (flags.ravel()[1:] == (PixelFlag.MASKED if masked else 0)).all()
    assert not module_of(run, 1, 3)[1].any()
    (reading,) = run.mask_reading  # type: ignore[attr-defined]
    assert reading.convention is Convention.EUXFEL_BITS
    assert reading.per_frame
    assert reading.masked == (127 if masked else 0)


def test_the_user_can_read_the_mask_otherwise(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO, kind="CORR", mask=1 << 16)
    assert module_of(open_run(tmp_path), 0, 0)[1][1, 1] == PixelFlag.MASKED
    run = open_run(tmp_path, mask=MaskOverride(ignored_bits=1 << 16))
    assert not module_of(run, 0, 0)[1].any()


def test_corrected_modules_that_are_missing_are_not_a_number(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO, kind="CORR")
    run = open_run(tmp_path)
    pixels, flags = module_of(run, 0, 5)
    assert np.isnan(pixels).all()
    assert (flags & PixelFlag.MISSING).all()


def test_jungfrau_modules_are_counted_from_one(tmp_path: Path) -> None:
    for module in (1, 2, 8):
        write_jungfrau(tmp_path, module, [1001, 1002])
    run = open_run(tmp_path)
    assert len(run) == 8
    assert list(run.events or ())[3:6] == ["1001:3", "1002:0", "1002:1"]
    assert run.columns["cellId"].values.tolist() == [3, 4, 5, 6] * 2
    frame = run.load(5)
    assert frame.raw.shape == (32, 32), "eight modules of 8×16 lie in a grid of 4×2"
    assert (frame.raw[:8, :16] == value(1, 1002, 1)).all()
    assert (frame.raw[:8, 16:] == value(2, 1002, 1)).all()
    assert (frame.raw[24:, 16:] == value(8, 1002, 1)).all()
    assert (frame.flags[8:16] == PixelFlag.MISSING).all()
    assert "modules 3–7 of 8 are in no file" in said(run)


def test_several_detectors_are_asked_about(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    write_jungfrau(tmp_path, 1, [1001])
    with pytest.raises(AmbiguousRun) as caught:
        open_run(tmp_path)
    paths = [candidate.path for candidate in caught.value.candidates]
    assert len(paths) == 2
    for path in paths:
        assert open_run(tmp_path, path).dataset == path
    assert len(open_run(tmp_path, AGIPD)) == 6
    assert len(open_run(tmp_path, JUNGFRAU)) == 4
    with pytest.raises(AmbiguousRun, match="no detector"):
        open_run(tmp_path, "SPB_DET_OTHER")


def test_raw_and_corrected_files_in_one_folder_are_asked_about(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    write_module(tmp_path, 0, TWO, kind="CORR")
    with pytest.raises(AmbiguousRun) as caught:
        open_run(tmp_path)
    types = {open_run(tmp_path, candidate.path).dtype.name for candidate in caught.value.candidates}
    assert types == {"uint16", "float32"}
    with pytest.raises(AmbiguousRun, match="2 detectors"):
        open_run(tmp_path, AGIPD)


def test_modules_below_the_usual_first_number_have_their_place(tmp_path: Path) -> None:
    for module in (0, 1):
        write_jungfrau(tmp_path, module, [1001])
    run = open_run(tmp_path)
    assert run.slab_shape == (9, 8, 16)  # type: ignore[attr-defined]
    assert (run.load(0).raw[:8, :16] == value(0, 1001, 0)).all()


def test_a_detector_without_frames_is_not_asked_about(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    write_module(tmp_path / "other", 0, [(1001, [])], device="SPB_DET_AGIPD500K-2").rename(
        tmp_path / "RAW-R0238-AGIPDX00-S00000.h5"
    )
    assert len(open_run(tmp_path)) == 6


def test_one_file_alone_shows_its_module(tmp_path: Path) -> None:
    path = write_module(tmp_path, 7, TWO)
    run = open_run(path)
    assert run.shape == (16, 8)
    assert (run.load(4).raw == value(7, 1002, 1)).all()
    assert list(run.events or ())[4] == "1002:1"
    assert run.dataset == open_run(path, run.dataset).dataset


def test_a_file_without_a_detector_opens_as_any_hdf5(tmp_path: Path) -> None:
    path = write_camera(tmp_path, [1001, 1002, 1003])
    run = open_run(path)
    assert len(run) == 3
    assert run.shape == (32, 40)
    with pytest.raises(CannotOpen, match="cannot be opened") as caught:
        open_run(tmp_path)
    assert "no frames of a detector with modules" in caught.value.sentence()


def test_cameras_beside_a_detector_do_not_disturb(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    write_camera(tmp_path, [1001])
    assert len(open_run(tmp_path)) == 6


def test_files_of_other_size_are_left_out(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    write_module(tmp_path, 1, TWO)
    odd = write_module(tmp_path, 2, TWO, shape=(8, 8))
    run = open_run(tmp_path)
    assert f"{odd.name} is left out (its frames are 8×8" in said(run)
    assert (module_of(run, 0, 2)[1] == PixelFlag.MISSING).all()


def test_nothing_is_written_into_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "r0238"
    for module in (0, 1):
        write_module(folder, module, TWO)
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    folder_changed = folder.stat().st_mtime_ns
    run = open_run(folder)
    run.read(range(len(run)))
    run.close()
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()} == before
    assert folder.stat().st_mtime_ns == folder_changed


def test_compressed_blocks_give_every_frame(tmp_path: Path) -> None:
    trains = [(1001, range(10)), (1002, range(7))]
    for module in (0, 1):
        write_module(tmp_path, module, trains, chunks=(4, 2, 16, 8), compression="gzip")
    run = open_run(tmp_path)
    for index in (16, 0, 9, 10, 3, 16, 8):
        train, pulse = (1001, index) if index < 10 else (1002, index - 10)
        assert (module_of(run, index, 1)[0] == value(1, train, pulse)).all()


def test_more_files_than_may_be_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_FILES", 2)
    for sequence in range(3):
        for module in (0, 1):
            write_module(tmp_path, module, [(1001 + sequence, [0, 1])], sequence=sequence)
    run = open_run(tmp_path)
    for index in (0, 5, 2, 4, 1, 3):
        assert (module_of(run, index, 1)[0] == value(1, 1001 + index // 2, index % 2)).all()


def test_the_identity_stays_when_the_folder_moves_and_grows(tmp_path: Path) -> None:
    write_module(tmp_path / "r0238", 0, [(1001, list(range(70)))])
    first = open_run(tmp_path / "r0238").identity
    shutil.copytree(tmp_path / "r0238", tmp_path / "moved")
    assert open_run(tmp_path / "moved").identity == first
    write_module(tmp_path / "r0238", 0, [(1002, [0])], sequence=1)
    assert open_run(tmp_path / "r0238").identity.digest == first.digest
    write_module(tmp_path / "other", 0, [(1003, list(range(70)))])
    assert open_run(tmp_path / "other").identity.digest != first.digest


def test_a_file_that_is_cut_while_open_makes_its_frames_unreadable(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    path = write_module(tmp_path, 1, TWO)
    run = open_run(tmp_path)
    run.load(0)
    with path.open("r+b") as file:
        file.truncate(3000)
    with pytest.raises(FrameUnreadable, match="frame 5") as caught:
        run.load(5)
    assert path.name in caught.value.sentence()


def test_a_damaged_frame_is_said_to_be_unreadable(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write_module(tmp_path, 0, TWO, chunks=(1, 2, 16, 8), compression="gzip")
    path = tmp_path / "RAW-R0238-AGIPD00-S00000.h5"
    import h5py

    with h5py.File(path, "r") as file:
        chunk = file[f"INSTRUMENT/{AGIPD}/DET/0CH0:xtdf/image/data"].id.get_chunk_info(2)
    with path.open("r+b") as out:
        out.seek(chunk.byte_offset)
        out.write(rng.bytes(chunk.size))
    run = open_run(tmp_path)
    with pytest.raises(FrameUnreadable, match="frame 2"):
        run.load(2)
    assert (module_of(run, 3, 0)[0] == value(0, 1002, 0)).all()


def test_an_index_that_tells_of_impossibly_many_frames(tmp_path: Path) -> None:
    import h5py

    path = write_module(tmp_path, 0, TWO)
    source = f"{AGIPD}/DET/0CH0:xtdf/image"
    with h5py.File(path, "r+") as file:
        del file[f"INSTRUMENT/{source}/data"]
        file.create_dataset(f"INSTRUMENT/{source}/data", (2**40, 2, 16, 8), "u2", chunks=(1, 2, 16, 8))
        file[f"INDEX/{source}/count"][:] = 2**39
    with pytest.raises(CannotOpen) as caught:
        open_run(tmp_path)
    assert "cannot be" in caught.value.sentence()


def test_frames_that_a_link_takes_from_elsewhere_are_not_shown(tmp_path: Path) -> None:
    import h5py

    secret = write_module(tmp_path / "elsewhere", 0, TWO)
    path = write_module(tmp_path / "r0238", 0, TWO)
    name = f"INSTRUMENT/{AGIPD}/DET/0CH0:xtdf/image/data"
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = h5py.ExternalLink(str(secret), name)
    with pytest.raises(CannotOpen) as caught:
        open_run(tmp_path / "r0238")
    assert "another file" in caught.value.sentence()


def test_a_folder_of_pictures_stays_one(tmp_path: Path) -> None:
    import tifffile

    for number in range(3):
        tifffile.imwrite(tmp_path / f"shot_{number}.tif", np.full((20, 30), number, np.uint16))
    run = open_run(tmp_path)
    assert run.shape == (20, 30)
    assert len(run) == 3


def test_frames_after_closing_are_unreadable(tmp_path: Path) -> None:
    write_module(tmp_path, 0, TWO)
    run = open_run(tmp_path)
    run.close()
    with pytest.raises(FrameUnreadable):
        run.load(0)
