"""What happens at the edges: half typed names, the run's own file as a target, one frame, news out of turn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import QCoreApplication
from PyQt6.QtWidgets import QInputDialog, QLineEdit, QRadioButton

from app import exporting
from app.dialogs.export_selection import LIST, ExportSelectionDialog
from app.embedding import EmbeddingController
from app.outputs import refuse_own_input
from models.errors import NotSaved
from models.progress import Progress
from tests.app.conftest import WAIT_MS, N, make_run, press, store_vectors

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.mark.parametrize("write", [exporting.write_index_list, exporting.export_labels])
def test_the_open_run_is_never_written_over(qtbot, window, run_file: Path, write: Callable[..., None]) -> None:
    before = run_file.read_bytes()
    press(window, "1")
    window.session.browser.select([0, 1])
    write(window.session, run_file)
    qtbot.waitUntil(window.notice.is_problem, timeout=WAIT_MS)
    assert "small.cxi was not written: it is itself read here" in window.notice.text()
    assert run_file.read_bytes() == before


def test_a_frame_of_a_folder_that_is_open_is_no_target(tmp_path: Path) -> None:
    (tmp_path / "0001.tif").touch()
    (tmp_path / "labels.csv").touch()
    with pytest.raises(NotSaved):
        refuse_own_input(tmp_path / "0001.tif", [tmp_path])
    refuse_own_input(tmp_path / "labels.csv", [tmp_path, None])
    refuse_own_input(tmp_path / "new.tif", [tmp_path])


@pytest.mark.parametrize("typed", ["", "/", "~nobody-of-that-name/x", "n" * 300, "a\0b"])
def test_a_half_typed_name_is_no_fault(qtbot, tmp_path: Path, typed: str) -> None:
    dialog = ExportSelectionDialog(3, tmp_path / "chosen")
    qtbot.addWidget(dialog)
    dialog.findChild(QLineEdit, "export_path").setText(typed)
    dialog.findChildren(QRadioButton)[1].click()
    assert dialog.choice()[0] == LIST


def test_the_suggested_name_keeps_its_dots(qtbot, tmp_path: Path) -> None:
    dialog = ExportSelectionDialog(3, tmp_path / "run.2024-selection")
    qtbot.addWidget(dialog)
    assert dialog.choice()[1].name == "run.2024-selection.cxi"
    dialog.findChildren(QRadioButton)[1].click()
    assert dialog.choice()[1].name == "run.2024-selection.txt"


def test_a_run_of_one_frame(qtbot, make_window, open_in, tmp_path: Path) -> None:
    path = make_run(tmp_path / "one.cxi", 1)
    store_vectors(path)
    window = make_window()
    open_in(window, path)
    qtbot.waitUntil(lambda: window.session.layout.positions is not None, timeout=WAIT_MS)
    for key in ("Right", "Left", "End", "Home", "PgDown", "Space", "1", "Ctrl+Z", "Space"):
        press(window, key)
    window.actions_table.trigger("frame.random")
    for kind in window.session.possible_orders():
        window.session.set_order(kind)
    qtbot.waitUntil(lambda: not window.session.classifier.busy, timeout=WAIT_MS)
    assert window.session.browser.index == 0
    assert not window.notice.is_problem()


class Jobs:
    """Stands for the job manager: keeps what was started and what it would call."""

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []

    def start(self, title: str, target: str, args: tuple[Any, ...], **calls: Any) -> int:
        self.started.append(calls)
        return len(self.started)


class Stores:
    """Stands for the workspace: gives out one store after the other, the first progress look only when let."""

    folder = Path()

    def __init__(self, *stores: object) -> None:
        self.left = list(stores)
        self.let = threading.Event()

    def find_embeddings(self, _model: str | None) -> object:
        store = self.left.pop(0)
        if store is not None and store.slow:
            self.let.wait(20)
        return store


def stored(n_missing: int, slow: bool = False) -> SimpleNamespace:
    """A store of 400 frames of which so many are missing."""
    vectors = np.zeros((400, 4), np.float32)
    done = np.arange(400) >= n_missing
    return SimpleNamespace(
        slow=slow,
        n_frames=400,
        model_digest="m",
        done=done,
        vectors=lambda _frames=None: vectors,
        n_missing=n_missing,
    )


def controller_of(stores: Stores) -> tuple[EmbeddingController, Jobs, list[object]]:
    identity = SimpleNamespace(digest="r", pixels="r")
    run = type(
        "Run", (), {"__len__": lambda _: 400, "name": "run", "path": "p", "dataset": "", "identity": identity}
    )()
    jobs = Jobs()
    controller = EmbeddingController(SimpleNamespace(run=run, workspace=stores), jobs)  # type: ignore[arg-type]
    given: list[object] = []
    controller.vectors_ready.connect(lambda vectors, _: given.append(vectors))
    return controller, jobs, given


def test_embedding_asked_for_while_the_store_is_looked_for_starts_once(qtbot) -> None:
    controller, jobs, _ = controller_of(Stores(None))
    controller.begin(True)
    controller.start()
    qtbot.waitUntil(lambda: controller.state == "running", timeout=WAIT_MS)
    controller.start()
    assert len(jobs.started) == 1


def test_an_early_look_at_the_embedding_never_replaces_the_finished_one(qtbot) -> None:
    partial, whole = stored(200, slow=True), stored(0)
    stores = Stores(None, partial, whole)
    controller, jobs, given = controller_of(stores)
    controller.begin(True)
    qtbot.waitUntil(lambda: bool(jobs.started), timeout=WAIT_MS)
    jobs.started[0]["on_progress"](Progress(done=200, total=400))
    qtbot.waitUntil(lambda: len(stores.left) == 1, timeout=WAIT_MS)
    jobs.started[0]["on_finished"]("m")
    qtbot.waitUntil(lambda: controller.state == "ready", timeout=WAIT_MS)
    looking = [thread for thread in threading.enumerate() if thread.name == "load embedding"]
    stores.let.set()
    for thread in looking:
        thread.join(20)
    QCoreApplication.processEvents()
    assert len(given) == 1
    assert given[0] is whole.vectors()


def test_frames_are_walked_along_a_column(qtbot, make_window, open_in, tmp_path: Path) -> None:
    import h5py

    path = make_run(tmp_path / "energies.cxi", 3)
    with h5py.File(path, "a") as file:
        file["entry_1/data_1/pulse_energy"] = np.array([2.0, 3.0, 1.0])
    window = make_window()
    open_in(window, path)
    window.actions_table.trigger("frame.order_column")
    dialog = window.findChild(QInputDialog, "order_column")
    assert len(dialog.comboBoxItems()) == 1
    dialog.accept()
    qtbot.waitUntil(lambda: window.session.browser.order == "column:pulse_energy", timeout=WAIT_MS)
    assert window.session.browser.walk.sequence.tolist() == [2, 0, 1]


def test_without_a_column_there_is_a_sentence_and_no_dialog(window) -> None:
    window.actions_table.trigger("frame.order_column")
    assert window.findChild(QInputDialog, "order_column") is None
    assert "no number for each frame" in window.notice.text()


def test_a_large_map_is_coloured_off_the_gui_thread_and_the_latest_colours_win(
    qtbot, judged_window, monkeypatch
) -> None:
    from app import map_presenter

    made_in: list[threading.Thread] = []

    def watched(*arguments: Any) -> Any:
        made_in.append(threading.current_thread())
        return by_category(*arguments)

    window = judged_window
    by_category = map_presenter.by_category
    monkeypatch.setattr(map_presenter, "by_category", watched)
    monkeypatch.setattr(map_presenter, "COLOURED_AT_ONCE", N - 1)
    view = window.panes.map_view
    view.colour_by_changed.emit("confidence")
    view.colour_by_changed.emit("label")
    qtbot.waitUntil(lambda: view.canvas().colouring.title == "Label", timeout=WAIT_MS)
    window.session.browser.go_to(5)
    press(window, "3")
    qtbot.waitUntil(lambda: view.canvas().colouring.codes[5] == 2, timeout=WAIT_MS)
    assert made_in
    assert threading.main_thread() not in made_in
