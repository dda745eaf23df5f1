"""Exported selections: every number right, readable without plugins, and nothing half-written."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.errors import BadLabels, BadParameter, FrameUnreadable, NotSaved
from models.progress import Progress, drain
from models.runs import open_run
from models.runs.types import Column, Geometry, PixelFlag
from models.workspace.export import ExportSettings, export_selection, write_index_list
from models.workspace.tables import import_labels
from models.workspace.tags import read_tags
from tests.models.workspace.conftest import FakeRun, MakeLabels
from tests.models.workspace.test_results import some_verdicts

DETECTOR = "entry_1/instrument_1/detector_1"


def flags(*places: tuple[int, int, PixelFlag]) -> np.ndarray:
    found = np.zeros((6, 5), dtype=np.uint8)
    for y, x, flag in places:
        found[y, x] |= flag
    return found


@pytest.fixture
def full(run: FakeRun) -> FakeRun:
    """A run with everything a file can say."""
    return replace(
        run,
        n=10,
        events=[f"12{i}:ü" for i in range(10)],
        geometry=Geometry(0.581, (3e-4, 2e-4), 1600.0, (2.5, 1.5)),
        columns={
            "energy": Column("energy", np.arange(10) * 1.5, "mJ"),
            "group/hits": Column("group/hits", np.arange(10, dtype=np.int64)),
            "label": Column("label", np.arange(10)),
        },
        warnings=("the distance was assumed",),
    )


def test_a_selection_holds_all_that_is_known_of_its_frames(
    full: FakeRun, tmp_path: Path, make_labels: MakeLabels
) -> None:
    labels = make_labels(10)
    labels.set(7, "multi")
    labels.set_unsure(2)
    path = tmp_path / "out.cxi"
    assert drain(export_selection(full, [7, 2, 3], path, labels)) == path
    with h5py.File(path) as file:
        assert file["cxi_version"][()] == 160
        assert file["number_of_entries"][()] == 1
        data = file[f"{DETECTOR}/data"]
        assert data.dtype == np.dtype("u2")
        assert (data.chunks, data.compression, data.shuffle) == ((1, 6, 5), "gzip", True)
        assert data.attrs["axes"] == "experiment_identifier:y:x"
        assert data.attrs["units"] == "photons"
        np.testing.assert_array_equal(data[()], np.stack([full.load(i).raw for i in (7, 2, 3)]))
        assert file.get("entry_1/data_1/data", getlink=True).path == f"/{DETECTOR}/data"
        assert file["entry_1/data_1/data"] == data
        detector = file[DETECTOR]
        assert [detector[n][()] for n in ("distance", "y_pixel_size", "x_pixel_size")] == [0.581, 3e-4, 2e-4]
        assert file["entry_1/instrument_1/source_1/energy"][()] == pytest.approx(1600 * 1.602176634e-19)
        assert detector["image_center"][()].tolist() == [1.5, 2.5, 0]
        np.testing.assert_allclose(detector["corner_position"][()], [4e-4, 9e-4, 0.581])
        identifiers = file["entry_1/experiment_identifier"]
        assert h5py.check_string_dtype(identifiers.dtype).encoding == "utf-8"
        assert identifiers.asstr()[()].tolist() == ["127:ü", "122:ü", "123:ü"]
        result = file["entry_1/result_1"]
        assert result["original_index"][()].tolist() == [7, 2, 3]
        assert result["energy"][()].tolist() == [10.5, 3.0, 4.5]
        assert result["energy"].attrs["units"] == "mJ"
        assert result["group_hits"].dtype == np.int64
        assert result["label_"][()].tolist() == [7, 2, 3]
        assert result["label"].asstr()[()].tolist() == ["multi", "unsure", ""]
        assert file["entry_1/process_1/source_digest"].asstr()[()] == full.digest
        assert file["entry_1/process_1/source_warnings"].asstr()[0] == "the distance was assumed"


def test_labels_travel_as_tags_and_come_back(full: FakeRun, tmp_path: Path, make_labels: MakeLabels) -> None:
    labels = make_labels(10)
    labels.add_class("ring", "#102030")
    labels.set([1, 3], "ring")
    labels.set(2, "single")
    labels.set_unsure(4)
    drain(export_selection(full, range(10), tmp_path / "out.cxi", labels))
    with h5py.File(tmp_path / "out.cxi") as file:
        tags = file["entry_1/data_1/tags"]
        assert (tags.dtype, tags.shape, tags.attrs["axes"]) == (np.int8, (6, 10), "tag:experiment_identifier")
        assert list(tags.attrs["headings"]) == ["single", "multi", "blank", "contaminant", "ring", "unsure"]
        assert tags.attrs["colors"][4].tolist() == [0x10, 0x20, 0x30]
    found = read_tags(tmp_path / "out.cxi")
    assert found.colours[4] == "#102030"
    again = make_labels(10, who="bob")
    import_labels(found.as_table(10), again)
    assert [again.name_of(i) for i in range(10)] == [labels.name_of(i) for i in range(10)]
    with pytest.raises(BadLabels, match="10 frames and the run has 9"):
        found.as_table(9)


def test_tags_as_owl_writes_them_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "owl.cxi", "w") as file:
        tags = file.create_dataset("entry_1/image_2/tags", data=np.array([[1, 0, 1], [0, 0, 1]], dtype=np.int8))
        tags.attrs["headings"] = [np.bytes_("good"), np.bytes_("bad")]
        tags.attrs["colors"] = [[255, 0, 0, 255], [0, 300, 0, 255]]
        file["entry_2"] = h5py.ExternalLink("elsewhere.cxi", "/")
    found = read_tags(tmp_path / "owl.cxi")
    assert (found.headings, found.colours) == (("good", "bad"), ("#FF0000", "#00FF00"))
    table = found.as_table(3)
    assert (table.frames.tolist(), table.names) == ([0], ("good",))
    assert "1 frames have several tags" in table.warnings[0]


def test_a_file_without_tags_is_a_clear_error(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.cxi", "w") as file:
        file["entry_1/data_1/data"] = np.zeros((2, 3, 4))
    (tmp_path / "b.cxi").write_text("text")
    for name in ("a.cxi", "b.cxi", "none.cxi"):
        with pytest.raises(BadLabels, match=name):
            read_tags(tmp_path / name)


def test_one_mask_where_the_frames_agree(full: FakeRun, tmp_path: Path) -> None:
    same = flags((0, 0, PixelFlag.MASKED), (1, 1, PixelFlag.MISSING), (2, 2, PixelFlag.SATURATED | PixelFlag.USER))
    run = replace(full, flags=dict.fromkeys(range(10), same))
    drain(export_selection(run, [1, 5], tmp_path / "out.cxi"))
    with h5py.File(tmp_path / "out.cxi") as file:
        mask = file[f"{DETECTOR}/mask"]
        assert (mask.dtype, mask.shape, mask.attrs["axes"]) == (np.uint32, (6, 5), "y:x")
        assert [mask[0, 0], mask[1, 1], mask[2, 2], mask[3, 3]] == [0x80, 0x200, 0x42, 0]


def test_a_mask_for_each_frame_where_they_differ(full: FakeRun, tmp_path: Path) -> None:
    base = flags((0, 0, PixelFlag.MASKED))
    other = flags((0, 0, PixelFlag.MASKED), (3, 4, PixelFlag.NONFINITE), (4, 4, PixelFlag.SENTINEL))
    run = replace(full, flags={**dict.fromkeys(range(10), base), 6: other})
    drain(export_selection(run, [1, 2, 6, 7], tmp_path / "out.cxi"))
    with h5py.File(tmp_path / "out.cxi") as file:
        mask = file[f"{DETECTOR}/mask"]
        assert mask.attrs["axes"] == "experiment_identifier:y:x"
        assert [int(np.count_nonzero(m)) for m in mask[()]] == [1, 1, 3, 1]
        assert [mask[2, 3, 4], mask[2, 4, 4], mask[3, 0, 0]] == [1, 1, 0x80]
        shared = file[f"{DETECTOR}/mask_shared"][()]
        np.testing.assert_array_equal(shared != 0, (mask[()] != 0).all(axis=0))
        assert shared[0, 0] == 0x80


def test_verdicts_travel_with_their_probabilities(full: FakeRun, tmp_path: Path) -> None:
    run = replace(full, n=3)
    drain(export_selection(run, [2, 0], tmp_path / "out.cxi", verdicts=some_verdicts()))
    with h5py.File(tmp_path / "out.cxi") as file:
        score = file[f"{DETECTOR}/score"]
        assert list(score.attrs["headings"]) == ["single", "ring, big"]
        np.testing.assert_allclose(score[()], [[0, 0.7], [0, 0.2]])
        assert file["entry_1/result_1/verdict"].asstr()[()].tolist() == ["", "single"]
        np.testing.assert_allclose(file["entry_1/result_1/confidence"][()], [0, 0.7])


@pytest.mark.parametrize("dtype", [">i4", "f2", "<f8", "u1"])
def test_the_stored_type_is_kept(full: FakeRun, tmp_path: Path, dtype: str) -> None:
    drain(export_selection(replace(full, dtype=np.dtype(dtype)), [0], tmp_path / "out.cxi"))
    with h5py.File(tmp_path / "out.cxi") as file:
        assert file[f"{DETECTOR}/data"].dtype == np.dtype(dtype).newbyteorder("=")


def test_a_run_without_anything_still_exports(run: FakeRun, tmp_path: Path) -> None:
    settings = ExportSettings(compression="none")
    drain(export_selection(run, np.arange(run.n) == 4, tmp_path / "out.cxi", settings=settings))
    with h5py.File(tmp_path / "out.cxi") as file:
        assert file["entry_1/experiment_identifier"].asstr()[0] == "r0001:4"
        assert "distance" not in file[DETECTOR]
        assert "source_1" not in file["entry_1/instrument_1"]


def test_unreadable_frames_are_left_out_and_named_or_stop_it(full: FakeRun, tmp_path: Path) -> None:
    run = replace(full, bad=frozenset({3, 5}))
    seen: list[Progress] = []
    drain(export_selection(run, [2, 3, 4, 5], tmp_path / "out.cxi"), seen.append)
    assert "2 could not be read and were left out (the first is 3)" in seen[-1].message
    assert (seen[-1].done, seen[-1].total) == (4, 4)
    with h5py.File(tmp_path / "out.cxi") as file:
        assert file[f"{DETECTOR}/data"].shape[0] == 2
        assert file["entry_1/result_1/original_index"][()].tolist() == [2, 4]
        assert file["entry_1/process_1/unreadable"][()].tolist() == [3, 5]
    with pytest.raises(FrameUnreadable):
        drain(export_selection(run, [2, 3], tmp_path / "b.cxi", settings=ExportSettings(skip_unreadable=False)))
    with pytest.raises(NotSaved, match="not saved"):
        drain(export_selection(run, [3, 5], tmp_path / "b.cxi"))
    assert not (tmp_path / "b.cxi").exists()


def test_the_run_itself_and_other_files_are_not_overwritten(full: FakeRun, tmp_path: Path) -> None:
    link = tmp_path / "link.cxi"
    link.symlink_to(full.path)
    for path, words in ((full.path, "the run itself"), (link, "the run itself"), (tmp_path, "folder of that name")):
        with pytest.raises(NotSaved) as caught:
            drain(export_selection(full, [0], path, settings=ExportSettings(overwrite=True)))
        assert words in caught.value.sentence()
    assert full.path.read_bytes() == b"frames"
    other = tmp_path / "other.cxi"
    other.write_text("mine")
    with pytest.raises(NotSaved) as caught:
        drain(export_selection(full, [0], other))
    assert "file of that name" in caught.value.sentence()
    assert other.read_text() == "mine"
    drain(export_selection(full, [0], other, settings=ExportSettings(overwrite=True)))
    assert h5py.is_hdf5(other)


def test_wrong_selections_are_refused(full: FakeRun, tmp_path: Path) -> None:
    for wrong in ([], [10], [-1]):
        with pytest.raises(BadParameter):
            drain(export_selection(full, wrong, tmp_path / "out.cxi"))


def test_stopping_leaves_nothing_behind(full: FakeRun, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    work = export_selection(full, range(10), folder / "out.cxi")
    for _ in range(4):
        next(work)
    work.close()
    assert list(folder.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind_and_says_so(tmp_path: Path) -> None:
    program = f"""
import pathlib, resource
import numpy as np
from models.errors import NotSaved
from models.progress import drain
from models.workspace.export import ExportSettings, export_selection
from tests.models.workspace.conftest import FakeRun
run = FakeRun(pathlib.Path("none.cxi"), n=50, shape=(64, 64))
for limit in (3000, 60_000, 300_000, 411_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        drain(export_selection(run, range(50), pathlib.Path({str(tmp_path)!r}) / "out.cxi",
                               settings=ExportSettings(compression="none")))
    except NotSaved as error:
        print(error.sentence())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4, done.stdout + done.stderr
    assert all("grown beyond" in line for line in lines), lines
    assert list(tmp_path.iterdir()) == []


def test_index_lists(full: FakeRun, tmp_path: Path) -> None:
    write_index_list(tmp_path / "i.txt", [3, 1])
    write_index_list(tmp_path / "e.txt", [3, 1], full.events, kind="event")
    assert (tmp_path / "i.txt").read_text() == "3\n1\n"
    assert (tmp_path / "e.txt").read_text() == "123:ü\n121:ü\n"
    with pytest.raises(BadParameter):
        write_index_list(tmp_path / "e.txt", [3], None, kind="event")
    with pytest.raises(BadParameter):
        write_index_list(tmp_path / "e.txt", [3], kind="colour")


def test_an_exported_selection_opens_as_a_run(full: FakeRun, tmp_path: Path) -> None:
    different = {3: flags((1, 2, PixelFlag.MISSING)), 4: flags((0, 4, PixelFlag.SATURATED))}
    drain(export_selection(replace(full, flags=different), [3, 4, 8], tmp_path / "out.cxi"))
    again = open_run(tmp_path / "out.cxi")
    try:
        assert list(again.events or ()) == ["123:ü", "124:ü", "128:ü"]
        assert again.geometry.distance_m == full.geometry.distance_m
        assert again.geometry.pixel_size_m == full.geometry.pixel_size_m
        assert again.geometry.photon_energy_eV == pytest.approx(full.geometry.photon_energy_eV)
        assert again.geometry.centre_px == pytest.approx(full.geometry.centre_px)
        np.testing.assert_array_equal(again.load(2).raw, full.load(8).raw)
        assert [int(np.count_nonzero(again.load(i).flags)) for i in range(3)] == [1, 1, 0]
        assert again.load(0).flags[1, 2] & PixelFlag.MISSING
        assert again.load(1).flags[0, 4] & PixelFlag.SATURATED
        assert again.columns["energy"].unit == "mJ"
    finally:
        again.close()


@pytest.mark.real_data
def test_measured_frames_survive_the_way_out_and_back(shared_data: Path, tmp_path: Path) -> None:
    run = open_run(shared_data / "pr772_pnccd" / "pr772_10frames_repacked.cxi")
    drain(export_selection(run, [9, 3, 4], tmp_path / "out.cxi"))
    again = open_run(tmp_path / "out.cxi")
    for place, index in enumerate((9, 3, 4)):
        np.testing.assert_array_equal(again.load(place).raw, run.load(index).raw)
        np.testing.assert_array_equal(again.load(place).valid, run.load(index).valid)
    assert again.geometry == run.geometry
    assert [str(e) for e in again.events or ()] == [str((run.events or ())[i]) for i in (9, 3, 4)]
    run.close()
    again.close()
