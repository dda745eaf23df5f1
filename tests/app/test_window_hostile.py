"""What the window shows of damaged and incomplete files; the other cases are in tests/models/runs/test_hostile.py."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from tests.app.conftest import WAIT_MS, press, shown


def test_case_03_an_unreadable_frame_is_said_in_its_place_and_the_others_are_shown(
    qtbot, make_window, open_in, tmp_path: Path
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        data = np.random.default_rng(1).poisson(3, (6, 32, 32))
        frames = file.create_dataset("data", data=data, chunks=(1, 32, 32), compression=4)
        offset = frames.id.get_chunk_info(2).byte_offset
    with path.open("r+b") as file:
        file.seek(offset + 20)
        file.write(b"\xa5" * 200)
    window = make_window()
    open_in(window, path)
    page = window.panes.frame_page
    window.session.browser.go_to(2)
    qtbot.waitUntil(lambda: not page.frame_view.canvas.shows_frame, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "cannot be read" in page.filmstrip.describe(2), timeout=WAIT_MS)
    window.session.browser.go_to(3)
    shown(qtbot, window)
    assert page.frame_view.canvas.shows_frame
    assert "cannot be read" not in page.filmstrip.describe(3)


def test_case_17_labels_wait_for_a_word_where_source_files_are_missing(
    qtbot, make_window, open_in, tmp_path: Path
) -> None:
    layout = h5py.VirtualLayout((4, 24, 32), "u2")
    for number in range(2):
        layout[2 * number : 2 * number + 2] = h5py.VirtualSource(f"part{number}.h5", "d", (2, 24, 32))
    with h5py.File(tmp_path / "part0.h5", "w") as file:
        file["d"] = np.ones((2, 24, 32), np.uint16)
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_virtual_dataset("data", layout, fillvalue=0)
    window = make_window()
    open_in(window, tmp_path / "v.h5")
    labels = window.session.labels
    press(window, "1")
    assert labels.n_mine == 0
    assert "1 of 2 source files" in window.notice.text()
    assert window.notice.is_problem()
    window.actions_table.trigger("label.allow")
    assert window.notice.text() == ""
    press(window, "1")
    assert labels.n_mine == 1


def test_labels_are_given_at_once_where_nothing_is_missing(qtbot, window) -> None:
    press(window, "1")
    assert window.session.labels.n_mine == 1
