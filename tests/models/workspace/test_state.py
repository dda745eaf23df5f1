"""The window's state of a run: kept exactly, read whatever happened to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.errors import NotSaved
from models.workspace.state import RunState, load_state, save_state, state_path


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    state = RunState(
        frame=np.int64(5),
        contrast={"scaling": "log", "levels": [np.float32(0.5), 3]},
        map={"layout": "UMAP"},
        queue=np.array([3, 1, 2]),
        selection=np.array([9, 4, 5, 6]),
        extra={"dock": np.arange(2)},
    )
    save_state(tmp_path / "new", "ada", state)
    found = load_state(tmp_path / "new", "ada", 10)
    assert (found.frame, found.contrast, found.map) == (5, {"scaling": "log", "levels": [0.5, 3]}, {"layout": "UMAP"})
    assert found.queue.tolist() == [3, 1, 2]
    assert found.selection.tolist() == [4, 5, 6, 9]
    assert found.extra == {"dock": [0, 1]}
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["state-ada.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"frame": "x", "queue": 3, "selection": [1], "map": []}',
        '{"frame": 99, "queue": [99, -1]}',
        '{"selection": [0, 99999999999]}',
        '{"selection": [-5, 3]}',
        "\xff",
    ],
)
def test_a_damaged_state_is_the_default(tmp_path: Path, text: str) -> None:
    state_path(tmp_path, "ada").write_bytes(text.encode("latin-1"))
    found = load_state(tmp_path, "ada", 10)
    assert found.frame == 0
    assert (len(found.queue), len(found.selection)) == (0, 0)


def test_frames_beyond_the_run_are_left_out(tmp_path: Path) -> None:
    save_state(tmp_path, "ada", RunState(frame=9, queue=np.array([8, 2]), selection=np.arange(6, 10)))
    found = load_state(tmp_path, "ada", 8)
    assert (found.frame, found.queue.tolist(), found.selection.tolist()) == (0, [2], [6, 7])


def test_a_state_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotSaved, match="state of the window"):
        save_state(tmp_path / "file", "ada", RunState())
