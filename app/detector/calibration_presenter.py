"""Feeds Detector → Calibration: the frame on screen through the chain as it is edited, and jobs for its numbers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtWidgets import QFileDialog

from app.detector.calibration_dark import LABELLED, OTHER, DarkDialog
from app.detector.calibration_work import Ask, Shown, look
from app.jobs.threads import LatestWorker
from models.calibration.settings import OFF, ROW, CalibrationSettings
from models.display import DisplaySettings, Picture, colour_table
from models.errors import FriedelError
from models.parameters import to_dict
from models.treatment.reference import RunReference
from widgets.detector.calibration_pane import ALL_VALUES, PEAKS, CalibrationPane
from widgets.text import counted

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession
    from models.runs.types import Frame, Run

log = logging.getLogger(__name__)

_FIRST_ROUNDING = 0.6
_NOTHING = "Open a run and choose a frame: its values are shown here before and after each step."


class CalibrationPresenter(QObject):
    """One pane, one session at a time. What is edited holds for this pane until it is applied."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.pane = CalibrationPane()
        self._window = window
        self._session: RunSession | None = None
        self._run: Run | None = None
        self._of: tuple[str, str] = ("", "")
        self._edited = self._applied = CalibrationSettings()
        self._frame: Frame | None = None
        self._range = PEAKS
        self._pool = 1.0
        self._hint = ""
        self._dark_job = self._photon_job = -1
        self._worker = LatestWorker("calibration of a frame")
        self.shown: Shown | None = None
        """what is on screen"""
        pane = self.pane
        pane.settings_changed.connect(self._edit)
        pane.number_wanted.connect(self._want_number)
        pane.step_chosen.connect(lambda _step: self._look())
        pane.range_chosen.connect(self._choose_range)
        pane.file_wanted.connect(self._choose_file)
        pane.dark_wanted.connect(self._ask_dark)
        pane.photon_wanted.connect(self.find_photon)
        pane.apply_wanted.connect(self.apply)
        pane.revert_wanted.connect(lambda: self._set(self._applied))
        pane.reset_wanted.connect(lambda: self._set(CalibrationSettings()))
        pane.pictures.pool_wanted.connect(self._pool_wanted)
        pane.installEventFilter(self)
        window.destroyed.connect(lambda: self._worker.close())

    # -- from the run ----------------------------------------------------------------------------------------------

    def show_session(self, session: RunSession | None) -> None:
        """Follow an open run from now on; None clears everything."""
        self._worker.forget()
        self._session, self._frame, self.shown = session, None, None
        if session is None:  # what is edited stays in mind: the run may be opened again, treated otherwise
            self._run = None
            self._show_nothing()
            return
        of = (str(session.run.path), session.run.dataset)
        unfinished = of == self._of and self._edited != self._applied
        self._of = of
        self._run = getattr(session.run, "base", session.run)
        self._applied = session.treatment.calibration
        if not unfinished or self._edited == self._applied:
            self._edited = self._applied
            self._hint = ""
        session.frames.picture_ready.connect(self._frame_came)
        self._show_settings()
        self._follow()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """The frame is looked at when the page is."""
        if watched is self.pane and event is not None and event.type() == QEvent.Type.Show:
            self._follow()
        return super().eventFilter(watched, event)

    def _follow(self) -> None:
        panes = self._window.panes
        if panes is not None and panes.frame_view.picture is not None and self._session is not None:
            self._frame_came(panes.frame_view.picture)

    def _frame_came(self, picture: Picture) -> None:
        session, run = self._session, self._run
        if session is None or run is None or not self.pane.isVisible() or picture.index != session.browser.index:
            return
        if self._frame is not None and self._frame.index == picture.index:
            return
        if run is session.run:
            self._take_frame(picture.frame)
            return
        # The picture's frame is treated: the stored one has to be read.
        session.frames.ask(
            lambda _treated: run.load(picture.index),
            lambda frame: self._take_frame(frame) if self._session is session else None,
            lambda error: self._complain(error) if self._session is session else None,
        )

    def _take_frame(self, frame: Frame) -> None:
        self._frame = frame
        self._look()

    # -- the chain on the frame ------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Show the chain as edited on the frame on screen."""
        frame, run, panes = self._frame, self._run, self._window.panes
        if frame is None or run is None:
            return
        display = panes.frame_view.settings if panes is not None else DisplaySettings()
        ask = Ask(frame, run, self._edited, self.pane.step, self._range == ALL_VALUES, display, self._pool)
        self._worker.submit(lambda: look(ask), self._show, self._unexpected)

    def _show(self, shown: Shown) -> None:
        self.shown = shown
        pane = self.pane
        pane.set_effects(shown.effects, shown.grave)
        pane.set_title(shown.title, shown.note)
        pane.histogram.set_shown(shown.histogram, "No usable pixel has a value here.")
        panes = self._window.panes
        colours = colour_table(panes.frame_view.settings.colour_map if panes is not None else "grey")
        if shown.after is not None:
            pane.show_pictures(shown.before, shown.after, shown.titles, colours)
        self._say(shown.error)

    def _show_nothing(self) -> None:
        pane = self.pane
        pane.set_effects({})
        pane.set_title("", "")
        pane.histogram.set_shown(None, _NOTHING)
        for canvas in (pane.pictures.before, pane.pictures.after):
            canvas.clear()
        pane.pictures.set_titles("", "")
        pane.set_settings(CalibrationSettings())
        pane.set_enabled_actions(apply=False, revert=False)
        pane.say("")

    def _say(self, error: FriedelError | None = None) -> None:
        """Where the chain as shown stands against the one in use."""
        differs = self._edited.in_effect != self._applied.in_effect
        self.pane.set_enabled_actions(
            apply=self._session is not None and differs and error is None, revert=self._edited != self._applied
        )
        if error is not None:
            self.pane.say(error.sentence(), grave=True)
        elif self._hint:
            self.pane.say(self._hint)
        elif differs:
            self.pane.say("Not applied yet: shown here only.")
        elif self._applied.is_nothing:
            self.pane.say("Frames are used as stored.")
        else:
            self.pane.say("In use for all frames.")

    def _unexpected(self, error: Exception) -> None:
        log.error("the calibration of a frame cannot be shown", exc_info=error)
        self.pane.say(f"That cannot be shown: {error}.", grave=True)

    def _complain(self, error: FriedelError) -> None:
        self.pane.say(error.sentence(), grave=True)

    # -- editing ---------------------------------------------------------------------------------------------------

    def _edit(self, settings: CalibrationSettings) -> None:
        self._edited = settings
        self._hint = ""
        self._say()
        self._look()

    def _set(self, settings: CalibrationSettings, hint: str = "") -> None:
        self._edited = settings
        self._hint = hint
        self._show_settings()
        self._look()

    def _show_settings(self) -> None:
        if self._session is None:
            return
        self.pane.set_settings(self._edited)
        self._say()

    def _choose_range(self, name: str) -> None:
        self._range = name
        self._look()

    def _pool_wanted(self, pool: float) -> None:
        self._pool = pool
        self._look()

    def _want_number(self, step: str) -> None:
        """A step was switched on that has no number yet: the likeliest one, or how to get it."""
        if step == "common_mode":
            kind = ROW if self._edited.common_mode == OFF else self._edited.common_mode
            self._set(replace(self._edited, common_mode=kind), "Rows share an offset: give the ASIC's width.")
        elif step == "rounding":
            self._set(replace(self._edited, round_from=_FIRST_ROUNDING))
        elif step == "gain":
            self.find_photon()
        elif step in ("dark", "gain_map"):
            self._choose_file(step)
        else:
            self._hint = "Drag the line in the histogram to where values are saturated, or enter that value."
            self._say()

    def _choose_file(self, step: str) -> None:
        words = {"dark": "The pedestal of every pixel", "gain_map": "The gain of every pixel"}[step]
        start = str(Path(self._of[0]).parent) if self._of[0] else ""
        path, _ = QFileDialog.getOpenFileName(
            self.pane, words, start, "Pictures and runs (*.npy *.h5 *.hdf5 *.cxi *.nxs *.tif *.tiff);;All files (*)"
        )
        if path:
            changes: dict[str, Any] = {step: path, f"use_{step}": True}
            self._set(replace(self._edited, **changes))

    def apply(self) -> None:
        """Treat all frames of the run like this."""
        session = self._session
        if session is not None and self._edited != self._applied:
            self._window.treat(session.treatment.but(calibration=self._edited))

    # -- jobs ------------------------------------------------------------------------------------------------------

    def _ask_dark(self) -> None:
        session, run = self._session, self._run
        if session is None or run is None:
            return
        dialog = DarkDialog(len(run), session.labels.counts(), self.pane)
        dialog.accepted.connect(lambda: self._dark_accepted(dialog))
        dialog.open()

    def _dark_accepted(self, dialog: DarkDialog) -> None:
        session, run = self._session, self._run
        if session is None or run is None:
            return
        source, frames = RunReference(run.path, run.dataset or None), None
        if dialog.source() == OTHER:
            source = RunReference(dialog.other())
        elif dialog.source() == LABELLED:
            codes, names = session.labels.snapshot()
            frames = [int(index) for index in np.flatnonzero(codes == names.index(dialog.label()))]
        self.make_dark(source, frames, to_dict(dialog.settings()))

    def make_dark(self, source: RunReference, frames: list[int] | None, settings: dict[str, Any]) -> None:
        """Make a pedestal in a worker process, and take it into the chain when it is there."""
        session, of = self._session, self._of
        if session is None or self._is_running(self._dark_job):
            return
        target = _free_name(session.workspace.folder / "calibration", "pedestal")

        def finished(found: dict[str, Any]) -> None:
            if self._of != of:
                return
            words = f"Pedestal of {counted(found['frames'], 'frame')}: {Path(found['path']).name}."
            if found["skipped"]:
                words += f" {counted(found['skipped'], 'frame')} could not be read."
            if found["borrowed"]:
                words += f" {counted(found['borrowed'], 'pixel')} with too few dark frames took their neighbours'."
            self.pane.set_step("dark")
            self._set(replace(self._edited, dark=found["path"], dark_dataset="", use_dark=True), words)

        self._dark_job = session.jobs.start(
            "Making a pedestal",
            "app.detector.calibration_jobs:dark",
            (source, frames, settings, str(target)),
            on_finished=finished,
            on_failed=self._job_failed(of),
        )
        self._tell("Making a pedestal; it can be stopped in the status bar.")

    def find_photon(self) -> None:
        """Find the value of one photon in frames of the run, after the steps before it."""
        session, run, of = self._session, self._run, self._of
        if session is None or run is None or self._is_running(self._photon_job):
            return

        def finished(found: tuple[float, str] | None) -> None:
            if self._of != of:
                return
            self.pane.set_step("gain")
            if found is None:
                self._tell("No clear peak of one photon: drag the line onto it, or enter the value.")
                self._look()
            else:
                value = float(f"{found[0]:.4g}")
                self._set(replace(self._edited, adu_per_photon=value, use_gain=True), found[1])

        self._photon_job = session.jobs.start(
            "Finding the value of a photon",
            "app.detector.calibration_jobs:photon",
            (RunReference(run.path, run.dataset or None), to_dict(self._edited)),
            on_finished=finished,
            on_failed=self._job_failed(of),
        )
        self._tell("Looking at up to 300 frames…")

    def _job_failed(self, of: tuple[str, str]) -> Callable[[FriedelError], None]:
        return lambda error: self._complain(error) if self._of == of else None

    def _tell(self, hint: str) -> None:
        self._hint = hint
        self._say()

    def _is_running(self, job: int) -> bool:
        session = self._session
        return session is not None and any(record.job_id == job for record in session.jobs.running())


def _free_name(folder: Path, stem: str) -> Path:
    """A name in the folder that is not taken: what was made before may be in use."""
    number = 1
    while (folder / f"{stem}_{number}.npy").exists():
        number += 1
    return folder / f"{stem}_{number}.npy"
