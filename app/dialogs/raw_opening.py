"""Choosing a file in the window; and opening raw files: ask how they are read, unless that was said before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QFileDialog

from app.jobs.threads import run_task
from app.settings import Settings, save_settings
from models.errors import BadParameter, FriedelError
from models.runs.raw import RawHeader, RawHeaderNeeded, fit, header_needed

if TYPE_CHECKING:
    from app.main_window import MainWindow

OPEN_FILTER = (
    "Runs (*.cxi *.h5 *.hdf5 *.nxs *.nx *.emd *.emc *.mat *.npy *.npz *.tif *.tiff *.mccd *.edf *.cbf *.img *.edf.gz "
    "*.edf.bz2 *.cbf.gz *.cbf.bz2 *.raw *.bin *.byt *.dat)"
)
RAW_FILTER = "Raw binary, asking how it is read (*)"


def choose_file(window: MainWindow) -> None:
    """Ask for a file and open it; asked for as raw binary, ask first how it is read, whatever it looks like."""
    kinds = f"{OPEN_FILTER};;All files (*);;{RAW_FILTER}"
    path, kind = QFileDialog.getOpenFileName(window, "Open run", window.settings.last_folder, kinds)
    if not path:
        return
    window.settings.last_folder = str(Path(path).parent)
    if kind == RAW_FILTER:
        ask_anew(window, path)
    else:
        window.open_path(path)


def open_remembered(window: MainWindow, path: str, error: RawHeaderNeeded) -> None:
    """Open a raw file as it was read last time; where that is not known or does not fit any more, ask."""
    known = remembered(window.settings, path)
    if known is not None:
        found = fit(known, error.size)
        if found.frames > 0 and found.left_over >= 0:
            window.open_path(path, known.to_text())
            return
    ask(window, path, error)


def ask_anew(window: MainWindow, path: str) -> None:
    """Ask how any file is to be read as raw numbers, whatever it looks like."""

    def refused(error: Exception) -> None:
        window.notice.warn(error.sentence() if isinstance(error, FriedelError) else f"{path}: {error}.")

    run_task(
        lambda: header_needed(Path(path)),
        lambda error: ask(window, path, error),
        refused,
        name=f"look at {Path(path).name}",
    )


def ask(window: MainWindow, path: str, error: RawHeaderNeeded) -> None:
    """Show the dialog; the run opens when it is accepted, and what was said is remembered."""
    from app.dialogs.raw_header import RawHeaderDialog

    folder = str(Path(path).parent)
    likely = remembered(window.settings, path) or remembered(window.settings, folder)
    if likely is not None:
        found = fit(likely, error.size)
        likely = likely if found.frames > 0 and found.left_over >= 0 else None
    start = likely or (error.guesses[0] if error.guesses else RawHeader())
    dialog = RawHeaderDialog(Path(path), error.size, start, error.guesses, window)

    def accepted() -> None:
        text = dialog.header().to_text()
        window.settings.remember_raw(path, text)
        window.settings.remember_raw(folder, text)
        save_settings(window.settings)
        window.open_path(path, text)

    dialog.accepted.connect(accepted)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def remembered(settings: Settings, path: str) -> RawHeader | None:
    """How this file, or the last one of this folder, was read."""
    text = settings.raw_headers.get(path, [""])[0:1]
    try:
        return RawHeader.from_text(text[0]) if text and text[0] else None
    except BadParameter:
        return None
