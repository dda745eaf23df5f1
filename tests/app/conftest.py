"""A small run on disk, and the whole window on it."""

from __future__ import annotations

import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6 import sip
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

from app.main_window import MainWindow
from app.settings import Settings
from app.start import demo_path

N = 30
WAIT_MS = 20_000


def make_run(path: Path, n: int = N) -> Path:
    """A CXI file with events; even frames are narrow blobs, odd ones wide."""
    import h5py

    rng = np.random.default_rng(7)
    y, x = np.mgrid[:24, :32]
    radius = (y - 11.5) ** 2 + (x - 15.5) ** 2
    frames = [rng.poisson(40 * np.exp(-radius / (8 if i % 2 == 0 else 60))) for i in range(n)]
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 160
        entry = file.create_group("entry_1")
        detector = entry.create_group("instrument_1/detector_1")
        data = detector.create_dataset("data", data=np.array(frames, np.uint16), chunks=(1, 24, 32))
        data.attrs["axes"] = "experiment_identifier:y:x"
        entry["data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        entry["experiment_identifier"] = np.array([f"shot-{1000 + 4 * i}" for i in range(n)], dtype="S")
    return path


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    return make_run(tmp_path / "small.cxi")


def store_vectors(run_file: Path, seed: int = 1, model_digest: str = "") -> None:
    """Put an embedding into the run's workspace, as the bundled network's or another's: even and odd frames apart."""
    from models.embedding.weights import digest
    from models.runs import open_run
    from models.workspace import open_workspace

    run = open_run(run_file)
    workspace = open_workspace(run)
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 0.1, (len(run), 16)).astype(np.float32)
    vectors[::2, 0] += 1
    vectors[1::2, 1] += 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store = workspace.embedding_store(16, model_digest or digest())
    store.write(np.arange(len(run)), vectors)
    store.finish()
    workspace.close()
    run.close()


@pytest.fixture
def make_window(qtbot) -> Iterator[Callable[..., MainWindow]]:
    """Makes windows as the user would start them, and closes them; nothing may be left running."""
    made: list[MainWindow] = []

    def make(settings: Settings | None = None, **changes: object) -> MainWindow:
        if settings is None:
            settings = Settings(annotator="ada", embed_on_open=False, scaling="linear")
        for name, value in changes.items():
            setattr(settings, name, value)
        window = MainWindow(settings, demo_path())
        made.append(window)
        window.resize(1100, 760)
        window.show()
        window.build_panes()
        window.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=WAIT_MS)
        return window

    yield make
    for window in made:
        close(window)
    # The service and the process that tries files out live as long as the program; every other ends with its window.
    assert [child for child in multiprocessing.active_children() if child.name not in ("service", "probe")] == []
    qtbot.waitUntil(lambda: not threads_of_a_run(), timeout=WAIT_MS)


def threads_of_a_run() -> list[str]:
    """Names of the threads at work for an open run; those that only compute end a moment after it was closed."""
    kinds = (
        "friedel-reader",
        "label journal",
        "few-shot",
        "queue and",
        "map layout",
        "map colours",
        "order of",
        "radial",
    )
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(kinds)]


def close(window: MainWindow) -> None:
    """Close a window as the user does, and let Qt delete it; one that is gone already is left alone."""
    if sip.isdeleted(window):
        return
    window.close()
    window.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def open_in(qtbot) -> Callable[[MainWindow, Path], None]:
    """Open a run and wait until its first frame is on screen."""

    def open_run(window: MainWindow, path: Path) -> None:
        with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
            window.open_path(str(path))
        shown(qtbot, window)

    return open_run


@pytest.fixture
def window(make_window, open_in, run_file) -> MainWindow:
    """The window with the small run open; no embedding."""
    window = make_window()
    open_in(window, run_file)
    return window


@pytest.fixture
def judged_window(qtbot, make_window, open_in, run_file) -> MainWindow:
    """The window with the small run open and embedded, and one frame of either kind labelled."""
    store_vectors(run_file)
    window = make_window()
    open_in(window, run_file)
    qtbot.waitUntil(lambda: window.session.classifier.vectors is not None, timeout=WAIT_MS)
    for index, key in ((0, "1"), (1, "2")):
        window.session.browser.go_to(index)
        press(window, key)
    qtbot.waitUntil(lambda: settled(window), timeout=WAIT_MS)
    return window


def settled(window: MainWindow) -> bool:
    """Whether verdicts, queue and confusion belong to the present labels."""
    classifier = window.session.classifier
    return classifier.verdicts is not None and not classifier.busy


def shown(qtbot, window: MainWindow) -> None:
    """Wait until the frame wanted is the frame on screen."""

    def there() -> bool:
        picture = window.panes.frame_view.picture
        return picture is not None and picture.index == window.session.browser.index

    qtbot.waitUntil(there, timeout=WAIT_MS)


KEYS = {
    "Right": Qt.Key.Key_Right, "Left": Qt.Key.Key_Left, "Home": Qt.Key.Key_Home, "End": Qt.Key.Key_End,
    "Space": Qt.Key.Key_Space, "Return": Qt.Key.Key_Return, "Esc": Qt.Key.Key_Escape, "?": Qt.Key.Key_Question,
    "PgDown": Qt.Key.Key_PageDown, "F5": Qt.Key.Key_F5,
}  # fmt: skip


def press(target: QWidget, keys: str) -> None:
    """Press a key as a person would: "Right", "1", "Ctrl+Z"."""
    *held, key = keys.split("+")
    modifiers = Qt.KeyboardModifier.NoModifier
    for name in held:
        modifiers |= {
            "Ctrl": Qt.KeyboardModifier.ControlModifier,
            "Shift": Qt.KeyboardModifier.ShiftModifier,
        }[name]
    if QApplication.activeWindow() is None:
        # A window manager does this when a dialog goes; the offscreen platform has none.
        target.window().activateWindow()
        QApplication.processEvents()
    QTest.keyClick(target, KEYS.get(key) or Qt.Key(ord(key.upper())), modifiers)
    QApplication.processEvents()


def label_of(window, index: int) -> str:
    code = int(window.session.labels.codes[index])
    return "unsure" if code == -2 else "" if code < 0 else window.session.labels.class_names[code]


def journal_lines(window) -> list[dict]:
    file = window.session.workspace.journal
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
