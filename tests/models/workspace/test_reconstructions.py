"""The history of reconstructions: nothing that was kept is lost, whatever interrupts."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from models.errors import BadParameter, CannotOpen, NotSaved
from models.parameters import from_dict
from models.phasing.quality import object_error
from models.phasing.settings import PhasingSettings
from models.phasing.types import Reconstruction
from models.progress import drain
from models.workspace.reconstructions import Kept, Reconstructions
from tests.models.phasing.export.results import reconstruction


@pytest.fixture(scope="module")
def made() -> Reconstruction:
    return reconstruction()


@pytest.fixture
def history(tmp_path: Path) -> Reconstructions:
    return Reconstructions(tmp_path / "run.friedel", "abc")


def keep(history: Reconstructions, made: Reconstruction, frame: int = 3, **more: str) -> Kept:
    return drain(history.add(made, frame, **more))


def test_what_is_kept_is_listed_and_loaded(history: Reconstructions, made: Reconstruction) -> None:
    kept = keep(history, made, event="train:17", name="  first   try ")
    again = Reconstructions(history.folder.parent, "abc")
    assert again.list() == (kept,)
    assert (kept.name, kept.frame, kept.event) == ("first try", 3, "train:17")
    assert kept.schedule == "100 RAAR"
    assert kept.trust.r_factor == made.trust.r_factor
    assert kept.trust.warnings == made.trust.warnings
    np.testing.assert_array_equal(again.load(kept.id).object, made.object)


def test_lists_are_of_the_frame_and_the_run_newest_first(history: Reconstructions, made: Reconstruction) -> None:
    first, second, other = keep(history, made), keep(history, made), keep(history, made, frame=4)
    assert {kept.id for kept in history.list(3)} == {first.id, second.id}
    assert history.list(4) == (other,)
    created = [kept.created for kept in history.list()]
    assert created == sorted(created, reverse=True)
    assert Reconstructions(history.folder.parent, "another run").list() == ()


def test_nothing_is_made_before_there_is_something_to_keep(history: Reconstructions) -> None:
    assert history.list() == ()
    assert history.removed() == ()
    assert not history.folder.exists()


def test_names_change_and_undo_gives_the_old_one_back(history: Reconstructions, made: Reconstruction) -> None:
    kept = keep(history, made)
    assert kept.name == "100 RAAR"
    history.rename(kept.id, "with the stop")
    assert history.list()[0].name == "with the stop"
    assert Reconstructions(history.folder.parent, "abc").list()[0].name == "with the stop"
    assert history.undo_words == "renaming “100 RAAR”"
    assert history.undo() == "renaming “100 RAAR”"
    assert history.list()[0].name == "100 RAAR"
    with pytest.raises(BadParameter, match="needs a name"):
        history.rename(kept.id, "  ")


def test_removing_deletes_nothing_and_can_be_undone(history: Reconstructions, made: Reconstruction) -> None:
    kept = keep(history, made)
    history.rename(kept.id, "mine")
    history.remove(kept.id)
    assert history.list() == ()
    assert [each.name for each in history.removed()] == ["mine"]
    with pytest.raises(CannotOpen, match="There is no reconstruction"):
        history.load(kept.id)
    assert history.undo() == "removing “mine”"
    assert [each.name for each in history.list()] == ["mine"]
    assert history.removed() == ()
    np.testing.assert_array_equal(history.load(kept.id).object, made.object)


def test_after_a_restart_what_was_removed_can_be_restored(history: Reconstructions, made: Reconstruction) -> None:
    kept = keep(history, made)
    history.remove(kept.id)
    again = Reconstructions(history.folder.parent, "abc")
    assert again.undo() == ""
    again.restore(again.removed()[0].id)
    assert [each.id for each in again.list()] == [kept.id]


def test_keeping_can_be_undone(history: Reconstructions, made: Reconstruction) -> None:
    kept = keep(history, made)
    history.undo()
    assert history.list() == ()
    assert [each.id for each in history.removed()] == [kept.id]


@pytest.mark.parametrize("note", [None, b"", b"{", b'{"v": 1}', b"[]", b'{"trust": 3}'])
def test_a_missing_or_damaged_note_is_made_again_from_the_file(
    history: Reconstructions, made: Reconstruction, note: bytes | None
) -> None:
    kept = keep(history, made, event="e", name="named")
    path = kept.path.with_suffix(".json")
    path.unlink() if note is None else path.write_bytes(note)
    again = Reconstructions(history.folder.parent, "abc")
    found = again.list()[0]
    assert dataclasses.replace(found, created=kept.created) == kept
    assert Reconstructions(history.folder.parent, "abc").list() == (found,)


def test_an_interruption_between_file_and_note_costs_nothing(
    history: Reconstructions, made: Reconstruction, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("models.workspace.reconstructions._write_note", fails)
        with pytest.raises(KeyboardInterrupt):
            keep(history, made, name="half")
    assert [kept.name for kept in history.list(3)] == ["half"]


def test_an_interruption_while_removing_costs_nothing(
    history: Reconstructions, made: Reconstruction, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(history, made)
    replace = os.replace

    def only_files(source: Path, target: Path) -> None:
        if Path(source).suffix == ".json":
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", only_files)
        with pytest.raises(KeyboardInterrupt):
            history.remove(kept.id)
    again = Reconstructions(history.folder.parent, "abc")
    assert again.list() == ()
    again.restore(again.removed()[0].id)
    assert [each.id for each in again.list()] == [kept.id]


def test_a_stopped_saving_leaves_nothing(history: Reconstructions, made: Reconstruction) -> None:
    work = history.add(made, 0)
    next(work)
    work.close()
    assert history.list() == ()
    assert not any(history.folder.iterdir())


def test_damaged_files_are_left_out_and_stay(history: Reconstructions, made: Reconstruction) -> None:
    kept = keep(history, made)
    broken = history.folder / "reconstruction-broken.cxi"
    broken.write_bytes(b"half")
    assert history.list() == (kept,)
    assert broken.exists()


def test_what_cannot_be_written_is_said(history: Reconstructions, made: Reconstruction) -> None:
    history.folder.parent.write_text("a file is where the workspace should be")
    with pytest.raises(NotSaved):
        keep(history, made)
    assert history.list() == ()


@pytest.mark.parametrize("id", ["nothing", "../../etc/passwd", ""])
def test_an_unknown_reconstruction_is_said_to_be(history: Reconstructions, id: str) -> None:
    for act in (history.load, history.remove, history.restore, lambda each: history.rename(each, "x")):
        with pytest.raises(CannotOpen, match="There is no reconstruction"):
            act(id)


def test_a_result_can_be_repeated_from_what_is_stored(history: Reconstructions, made: Reconstruction) -> None:
    from models.phasing.quality import assemble
    from models.phasing.reconstruct import reconstruct

    settings = PhasingSettings(schedule="20 RAAR + 10 ER", area_high=0.3, seed=2)
    first = drain(reconstruct(made.pattern, settings, 11, held_out=made.held_out))
    result = drain(assemble(made.pattern, [first], settings, made.held_out))
    stored = history.load(keep(history, result).id)
    again = drain(
        reconstruct(
            stored.pattern,
            from_dict(PhasingSettings, stored.settings),
            stored.starts[0].seed,
            held_out=stored.held_out,
        )
    )
    np.testing.assert_array_equal(stored.pattern.intensity, made.pattern.intensity)
    np.testing.assert_array_equal(stored.held_out, made.held_out)
    assert from_dict(PhasingSettings, stored.settings) == settings
    # Not to the last digit: when the solver looks at its object it rounds otherwise.
    assert object_error(again.object, stored.object) < 0.01
