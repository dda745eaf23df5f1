"""Raw files in the window and on the command line: asked about once, opened as said, and known from then on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QComboBox, QDialogButtonBox, QFileDialog, QLabel, QSpinBox

from app.cli.dispatch import dispatch
from app.dialogs.raw_header import RawHeaderDialog, preview
from app.dialogs.raw_opening import RAW_FILTER, remembered
from app.settings import Settings, load_settings
from models.errors import FriedelError
from models.runs.raw import RawHeader, guess_headers
from tests.app.conftest import WAIT_MS, shown


@pytest.fixture
def raw_file(tmp_path: Path) -> Path:
    frames = np.random.default_rng(5).poisson(3, (6, 32, 40)).astype("<u2")
    (tmp_path / "shots.bin").write_bytes(frames.tobytes())
    return tmp_path / "shots.bin"


def dialog_of(path: Path, start: RawHeader, qtbot) -> RawHeaderDialog:
    dialog = RawHeaderDialog(path, path.stat().st_size, start, guess_headers(path.stat().st_size, path.name))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def says(dialog: RawHeaderDialog) -> str:
    label = dialog.findChild(QLabel, "raw_says")
    return label.text().replace("\u202f", " ")


def may_open(dialog: RawHeaderDialog) -> bool:
    buttons = dialog.findChild(QDialogButtonBox)
    return buttons.button(QDialogButtonBox.StandardButton.Open).isEnabled()


def test_dialog_says_what_a_header_makes_of_the_file(qtbot, raw_file) -> None:
    dialog = dialog_of(raw_file, RawHeader(32, 40, "uint16"), qtbot)
    assert "6 frames, 0 bytes left over" in says(dialog)
    picture = dialog.findChild(QLabel, "raw_preview")
    qtbot.waitUntil(lambda: not picture.pixmap().isNull(), timeout=WAIT_MS)
    assert dialog.findChild(QSpinBox, "raw_frame").maximum() == 5
    dialog.set_header(RawHeader(32, 40, "uint16", offset_bytes=100))
    assert "5 frames, 2 460 bytes left over" in says(dialog)
    assert may_open(dialog)
    dialog.set_header(RawHeader(320, 400, "float64"))
    assert "0 frames, 15 360 bytes left over" in says(dialog)
    assert not may_open(dialog)
    qtbot.waitUntil(lambda: "Not even one frame" in picture.text(), timeout=WAIT_MS)
    dialog.set_header(RawHeader(32, 40, "uint16", frames=9))
    assert "7 680 bytes missing" in says(dialog)
    assert not may_open(dialog)


def test_dialog_offers_what_fits(qtbot, tmp_path) -> None:
    path = tmp_path / "mask_260_257.byt"
    path.write_bytes(bytes(260 * 257))
    dialog = dialog_of(path, RawHeader(), qtbot)
    choice = dialog.findChild(QComboBox, "raw_guesses")
    assert choice.currentText() == "as typed below"
    choice.setCurrentIndex(1)
    choice.activated.emit(1)
    assert dialog.header() == RawHeader(260, 257, "uint8")
    assert choice.currentText() == "260 × 257 uint8: 1 frame"


def test_preview_is_the_frame(raw_file) -> None:
    picture = preview(raw_file, RawHeader(32, 40, "uint16"), 3)
    stored = np.fromfile(raw_file, "<u2").reshape(6, 32, 40)
    np.testing.assert_array_equal(picture.frame.raw, stored[3])
    with pytest.raises(FriedelError):
        preview(raw_file, RawHeader(3200, 4000, "uint16"), 0)


def test_window_asks_once(qtbot, make_window, raw_file) -> None:
    window = make_window()
    window.open_path(str(raw_file))
    qtbot.waitUntil(lambda: window.findChild(RawHeaderDialog) is not None, timeout=WAIT_MS)
    dialog = window.findChild(RawHeaderDialog)
    dialog.set_header(RawHeader(32, 40, "uint16"))
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        dialog.accept()
    shown(qtbot, window)
    assert window.session.run.dataset == "raw:32x40:uint16:le:0"
    assert len(window.session.run) == 6
    window.close_run()
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):  # without asking
        window.open_path(str(raw_file))
    assert window.session.run.shape == (32, 40)
    kept = load_settings()
    assert remembered(kept, str(raw_file)) == RawHeader(32, 40, "uint16")
    assert remembered(kept, str(raw_file.parent)) == RawHeader(32, 40, "uint16")


def test_a_neighbour_begins_with_the_last_header_of_its_folder(qtbot, make_window, raw_file) -> None:
    settings = Settings(annotator="ada", embed_on_open=False)
    settings.remember_raw(str(raw_file.parent), "raw:16x40:uint16:le:0")
    window = make_window(settings)
    window.open_path(str(raw_file))
    qtbot.waitUntil(lambda: window.findChild(RawHeaderDialog) is not None, timeout=WAIT_MS)
    dialog = window.findChild(RawHeaderDialog)
    assert dialog.header() == RawHeader(16, 40, "uint16")
    dialog.reject()
    assert window.session is None


def test_what_does_not_fit_any_more_is_asked_again(qtbot, make_window, raw_file) -> None:
    settings = Settings(annotator="ada", embed_on_open=False)
    settings.remember_raw(str(raw_file), "raw:2048x2048:float64:le:0")
    window = make_window(settings)
    window.open_path(str(raw_file))
    qtbot.waitUntil(lambda: window.findChild(RawHeaderDialog) is not None, timeout=WAIT_MS)
    window.findChild(RawHeaderDialog).reject()


def test_any_file_can_be_read_as_raw_on_demand(qtbot, make_window, run_file, monkeypatch) -> None:
    window = make_window()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(run_file), RAW_FILTER))
    window.ask_file()
    qtbot.waitUntil(lambda: window.findChild(RawHeaderDialog) is not None, timeout=WAIT_MS)
    window.findChild(RawHeaderDialog).reject()


def test_settings_forget_the_oldest_headers() -> None:
    settings = Settings()
    for number in range(300):
        settings.remember_raw(f"/data/{number}.bin", "raw:16x16:uint8:le:0")
    assert len(settings.raw_headers) == 200
    assert "/data/299.bin" in settings.raw_headers
    settings.raw_headers["/data/x"] = ["raw:nonsense"]
    assert remembered(settings, "/data/x") is None
    assert remembered(settings, "/data/unknown") is None


def test_verbs_take_a_header(raw_file, tmp_path, capsys) -> None:
    assert dispatch(["info", str(raw_file), "--raw", "32x40:uint16", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["height"], told["width"]) == (6, 32, 40)
    assert told["dataset"] == "raw:32x40:uint16:le:0"
    assert dispatch(["frame", str(raw_file), "2", "--raw", "32x40:uint16", "-o", str(tmp_path / "out.npy")]) == 0
    stored = np.fromfile(raw_file, "<u2").reshape(6, 32, 40)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), stored[2])
    capsys.readouterr()
    assert dispatch(["info", str(raw_file)]) == 2
    assert "--raw" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        dispatch(["info", str(raw_file), "--raw", "32:uint16"])
    assert "HEIGHTxWIDTH:TYPE" in capsys.readouterr().err
