"""A folder of runs becomes a table: what is a run is found, what hangs or ends the process costs a line."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from models.errors import CannotOpen
from models.progress import drain
from models.runs import run_table_process
from models.runs.folder_walk import walk
from models.runs.run_table import ListingProgress, ListingSettings, RunState, RunTable
from models.runs.run_table_describe import Description, describe_run
from models.runs.run_table_listing import DESCRIBE, list_runs
from models.runs.run_table_process import Describer
from tests.models.runs.euxfel.files import write_module
from tests.models.runs.files import stack, write_cxi

HERE = "tests.models.runs.test_run_table"


def names_in(folder: Path, depth: int = 2) -> list[str]:
    """What `walk` takes for runs, as paths inside the folder."""
    work = walk(folder, depth, [])
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return [str(found.path.relative_to(folder)) for found in stop.value]


def pictures(folder: Path, count: int = 3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        tifffile.imwrite(folder / f"shot_{number}.tif", np.zeros((20, 24), np.uint16))
    return folder


def test_what_may_be_a_run(tmp_path: Path) -> None:
    write_cxi(tmp_path / "run_10.cxi")
    write_cxi(tmp_path / "run_2.cxi")
    write_cxi(tmp_path / "no_suffix")
    write_cxi(tmp_path / ".hidden.cxi")
    (tmp_path / "run_2.cxi.friedel").mkdir()
    write_cxi(tmp_path / "run_2.cxi.friedel" / "map.h5")
    (tmp_path / "notes.txt").write_text("nothing")
    write_module(tmp_path / "raw" / "r0238", 0, [(1, [0])])
    pictures(tmp_path / "tiff")
    pictures(tmp_path / "one", 1)
    (tmp_path / "eiger").mkdir()
    for name in ("s_master.h5", "s_data_000001.h5", "s_data_000002.h5", "other_data_000001.h5"):
        write_cxi(tmp_path / "eiger" / name)
    assert names_in(tmp_path) == [
        "eiger/other_data_000001.h5",
        "eiger/s_master.h5",
        "no_suffix",
        "one/shot_0.tif",
        "raw/r0238",
        "run_2.cxi",
        "run_10.cxi",
        "tiff",
    ]
    assert names_in(tmp_path, depth=0) == ["no_suffix", "run_2.cxi", "run_10.cxi"]
    assert "raw/r0238" not in names_in(tmp_path, depth=1)


def test_folders_that_lead_back_are_looked_into_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_cxi(tmp_path / "a" / "run.cxi")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert names_in(tmp_path, depth=8) == ["a/run.cxi"]


def old(path: Path) -> Path:
    """Make a file look as if nobody had written to it for an hour."""
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    return path


def test_one_line_on_a_run(tmp_path: Path) -> None:
    path = old(write_cxi(tmp_path / "run.cxi"))
    found = describe_run(str(path), str(path))
    assert found == Description(RunState.COMPLETE, "", frames=5, height=20, width=24, dtype="float32")


def test_what_was_found_odd_comes_along(tmp_path: Path) -> None:
    path = write_module(tmp_path / "r0238", 0, [(1, [0])])
    found = describe_run(str(path.parent), str(path))
    assert any("modules 1–15 of 16 are in no file" in note for note in found.notes)


def test_a_run_written_to_just_now_says_so(tmp_path: Path) -> None:
    path = write_cxi(tmp_path / "run.cxi")
    assert describe_run(str(path), str(path)).state is RunState.WRITTEN


def test_a_damaged_run_says_why_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "run.cxi"
    path.write_bytes(write_cxi(tmp_path / "good.cxi").read_bytes()[:1500])
    found = describe_run(str(old(path)), str(path))
    assert found.state is RunState.UNREADABLE
    assert "incomplete" in found.status
    assert "copy it again" in found.status.lower()


def test_a_run_with_several_stacks_needs_a_choice(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "run.h5"
    with h5py.File(path, "w") as file:
        for name in ("a", "b"):
            file[f"{name}/frames"] = stack((5, 20, 24))
    found = describe_run(str(old(path)), str(path))
    assert found.state is RunState.CHOICE
    assert "choose one when opening it" in found.status


def test_labels_that_cannot_be_read_cost_no_line(tmp_path: Path) -> None:
    def fails(_run: object) -> tuple[int, float]:
        raise OSError("stale file handle")

    path = old(write_cxi(tmp_path / "run.cxi"))
    found = describe_run(str(path), str(path), fails)
    assert found.frames == 5
    assert "stale file handle" in found.status


def listed(folder: Path, **settings: object) -> tuple[RunTable, list[ListingProgress]]:
    records: list[ListingProgress] = []
    describe = str(settings.pop("describe", DESCRIBE))
    table = drain(list_runs(folder, ListingSettings(**settings), describe), records.append)  # type: ignore[arg-type]
    return table, records


def test_a_folder_is_listed(tmp_path: Path) -> None:
    for number in (1, 2, 11):
        old(write_cxi(tmp_path / f"r{number}.cxi", stack((number, 20, 24))))
    np.save(tmp_path / "curve.npy", np.zeros(9))
    (tmp_path / "empty.h5").write_bytes(b"")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    table, records = listed(tmp_path, describe="models.workspace.summary:describe_with_labels")
    assert [(row.name, row.frames) for row in table.rows if row.frames] == [
        ("r1.cxi", 1),
        ("r2.cxi", 2),
        ("r11.cxi", 11),
    ]
    assert {row.name: row.state for row in table.rows}["r11.cxi"] is RunState.COMPLETE
    assert "empty.h5" in {row.name for row in table.rows}, "what has a run's name and cannot be read is told"
    assert table.notes == ("1 file holds no frames and is left out",)
    assert {row.name for record in records for row in record.rows} == {row.name for row in table.rows}
    assert records[-1].fraction == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == before, "nothing is written"


def sleepy(path: str, newest: str) -> Description:
    """Describes runs, some of which never answer or end the process."""
    name = Path(path).name
    if "hangs" in name:
        time.sleep(60)
    if "kills" in name:
        os._exit(3)
    if "defect" in name:
        raise ZeroDivisionError("a defect")
    return Description(RunState.COMPLETE, frames=1)


def test_a_run_that_hangs_or_kills_costs_its_line_only(tmp_path: Path) -> None:
    for name in ("a", "b_hangs", "c", "d_kills", "e_defect", "f"):
        write_cxi(tmp_path / f"{name}.cxi")
    table, _ = listed(tmp_path, patience_s=0.4, describe=f"{HERE}:sleepy")
    states = {row.name[0]: row for row in table.rows}
    assert [states[name].state for name in "acf"] == [RunState.COMPLETE] * 3
    assert "did not open within 0.4 s" in states["b"].status
    assert "ended the reading process" in states["d"].status
    assert "a defect" in states["e"].status


def test_stopping_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Describer] = []
    plain: Callable[..., None] = Describer.__init__

    def remember(self: Describer, *args: object) -> None:
        plain(self, *args)
        made.append(self)

    monkeypatch.setattr(run_table_process.Describer, "__init__", remember)
    write_cxi(tmp_path / "a_hangs.cxi")
    work = list_runs(tmp_path, ListingSettings(), f"{HERE}:sleepy")
    while not made or made[0]._process is None:
        next(work)
    process = made[0]._process
    assert process.is_alive()
    work.close()
    assert not process.is_alive()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="cannot be looked through"):
        listed(tmp_path / "gone")


def test_an_empty_folder_has_an_empty_table(tmp_path: Path) -> None:
    table, _ = listed(tmp_path)
    assert table == RunTable(str(tmp_path), ())
