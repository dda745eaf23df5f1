"""Keeps the Phase pane in step with the open run, and brings what the user does there to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QFileDialog

from app.commands import BY_ID, keys_of, shown_key
from app.later import Later
from app.phasing import words
from app.phasing.comparing import Comparing, SupportDrawing
from app.phasing.controller import FAILED, IDLE, PREPARING, RUNNING, Phasing, check_schedule
from app.phasing.live_views import LiveViews
from app.phasing.records import AVERAGE, Prepared
from models.errors import BadParameter
from models.patterns import PatternSettings
from models.phasing.presets import PRESETS
from models.phasing.settings import PhasingSettings
from widgets.phase.history_panel import ResultRow
from widgets.phase.pane import AMPLITUDES, OBJECT, PREPARE, TRUST, PhasePane
from widgets.phase.recipe_panel import PresetChoice
from widgets.text import counted

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession

FOLLOW_AFTER_MS = 250
SEND_AFTER_MS = 80
NUDGE_AFTER_MS = 250
EXPORT_FILTERS = (
    "CXI, all of the result (*.cxi)",
    "NumPy array of the object (*.npy)",
    "Picture (*.png)",
    "TIFF (*.tif)",
)
_CENTRE = ("centre_y_px", "centre_x_px")


class PhasePresenter(QObject):
    """One pane, one session at a time."""

    def __init__(self, pane: PhasePane, window: MainWindow) -> None:
        super().__init__(window)
        self.pane = self._pane = pane
        self._window = window
        self._session: RunSession | None = None
        self._before = ""
        self._moved = True
        """whether another frame came on screen since the pane last followed"""
        self._settings: PhasingSettings | None = None
        self._centre: tuple[float, float] | None = None
        self.live = LiveViews(pane, self)
        self.comparing = Comparing(pane, self.live, self)
        self.drawing = SupportDrawing(pane, self.live, self)
        self._follow_later = Later(self._follow_frame, FOLLOW_AFTER_MS, self)
        self._send_later = Later(self._send_settings, SEND_AFTER_MS, self)
        self._nudge_later = Later(self._send_centre, NUDGE_AFTER_MS, self)
        pane.recipe.set_presets([PresetChoice(p.title, p.when, p.settings) for p in PRESETS])
        self._connect()

    @property
    def phasing(self) -> Phasing | None:
        return None if self._session is None else self._session.phasing

    def show_session(self, session: RunSession | None) -> None:
        """Follow an open run from now on; None clears everything."""
        self._session = session
        phasing = self.phasing
        self.live.follow(phasing)
        self.comparing.follow(phasing)
        self.drawing.follow(phasing)
        self._before = ""
        if session is None or phasing is None:
            self._pane.set_subject("", "")
            self._pane.transport.set_state(IDLE, "Open a run and choose a frame to reconstruct.")
            self._pane.transport.run.setEnabled(False)
            return
        phasing.state_changed.connect(self._show_state)
        phasing.subject_changed.connect(self._show_subject)
        phasing.prepared_changed.connect(self._show_prepared)
        phasing.kept.changed.connect(self._show_result)
        phasing.kept.listed.connect(self._show_results)
        phasing.settings_changed.connect(self._show_settings)
        session.browser.index_changed.connect(self._frame_changed)
        self._moved = True
        self._show_settings()
        self._show_subject()
        self._show_prepared()
        self._show_results()
        self._show_result()
        self._show_state(phasing.state, phasing.words)
        self._show_keys()
        self._follow_frame()

    def show_apart(self, apart: bool) -> None:
        """Whether the pane has a window of its own."""
        self._pane.larger.setText("Back" if apart else "Larger")

    # -- commands --------------------------------------------------------------------------------------------------

    def reconstruct(self, frame: int) -> None:
        """Run the frame (or `VOLUME`), unless another one is being worked on."""
        phasing = self.phasing
        if phasing is None or self._session is None:
            return
        if not phasing.about(frame):
            assert phasing.subject is not None
            self._session.tell(f"{phasing.subject.title} is being reconstructed: stop it first, or wait.")
            return
        phasing.run()

    def reconstruct_current(self) -> None:
        """Run the frame on screen."""
        if self._session is not None:
            self.reconstruct(self._session.browser.index)

    def _run(self) -> None:
        phasing = self.phasing
        if phasing is not None and phasing.subject is not None:
            phasing.run()
        elif self._session is not None:
            self.reconstruct(self._session.browser.index)

    def _frame_changed(self, _index: int) -> None:
        # Asked now, not when the timer is done: by then the starts may have ended, and their result would be left.
        self._moved = self.phasing is None or not self.phasing.busy
        self._follow_later.ask()

    def _follow_frame(self) -> None:
        """While the pane is looked at and nothing runs, it is about the frame on screen.

        Who walks on while starts run does not lose their result: only the next frame after that is followed again.
        """
        phasing = self.phasing
        if phasing is None or self._session is None or not self._moved or not self._pane.isVisible():
            return
        self._moved = False
        if not phasing.busy:
            phasing.about(self._session.browser.index)

    # -- from the run ----------------------------------------------------------------------------------------------

    def _show_state(self, state: str, said: str) -> None:
        phasing = self.phasing
        if phasing is None:
            return
        pane = self._pane
        if state == RUNNING and self._before not in (RUNNING, "paused"):
            self.live.begin()
            pane.show_page(OBJECT)
        if state == PREPARING:
            pane.amplitudes.show_message("The pattern is being prepared…", "One moment")
        self._before = state
        pane.show_problem(said if state == FAILED else "")
        pane.transport.set_state(state, "" if state == FAILED else said)
        pane.transport.set_preview(phasing.alive or (phasing.result is not None and phasing.result.preview))
        pane.recipe.set_running(phasing.alive)
        self.comparing.state_changed()

    def _show_subject(self) -> None:
        phasing = self.phasing
        self.live.forget()
        self.comparing.clear()
        title = "" if phasing is None or phasing.subject is None else phasing.subject.title
        self._pane.set_subject(title, "")

    def _show_prepared(self) -> None:
        phasing = self.phasing
        prepared = None if phasing is None else phasing.prepared
        if phasing is None or prepared is None:
            self._pane.preparation.set_steps(())
            return
        to_come = words.input_step(phasing.settings)
        about = words.pattern_words(prepared)
        self._pane.set_subject(prepared.subject.title, f"denoised input   ·   {about}" if to_come else about)
        self._pane.preparation.set_steps((*prepared.steps, *to_come), _doubts(prepared))
        if prepared.centre is not None:
            self._pane.preparation.set_centre(*prepared.centre)
        if phasing.state == PREPARING and self._pane.shows(PREPARE):
            self._pane.show_page(AMPLITUDES)

    def _show_result(self) -> None:
        phasing = self.phasing
        result = None if phasing is None else phasing.result
        if phasing is None or result is None:
            self._pane.transport.set_preview(phasing is not None and phasing.alive)
            self._pane.results.set_results(self._rows(), "")
            return
        self._pane.set_subject(result.subject.title, f"{result.name}   ·   {words.pixel_words(result.pixel_nm)}")
        if phasing.prepared is None:
            self._pane.preparation.set_steps(result.steps, "As this result was prepared.")
        self._pane.transport.set_preview(result.preview)
        self._pane.results.set_results(self._rows(), result.id)
        if self._before in ("done", "stopped"):
            kept = result.trust.kept
            count = counted(len(result.starts), "start")
            ended = "Stopped" if self._before == "stopped" else "Finished"
            self._pane.transport.set_state(self._before, f"{ended}: {count}, {kept} kept.")
            if self._pane.wide:  # else it would take the place of what is looked at
                self.live.pieces.then(lambda: self._pane.show_page(TRUST))

    def _rows(self) -> list[ResultRow]:
        phasing = self.phasing
        return [] if phasing is None else [
            ResultRow(
                one.id, one.name, words.when_words(one.made), one.r_factor, one.free_log_likelihood, one.resolution,
                f"{one.kept} of {one.starts}", one.note,
            )
            for one in phasing.kept.rows
        ]  # fmt: skip

    def _show_results(self) -> None:
        phasing = self.phasing
        shown = "" if phasing is None or phasing.result is None else phasing.result.id
        self._pane.results.set_results(self._rows(), shown)
        self._pane.results.set_undo(
            "" if phasing is None or phasing.kept.deleted is None else phasing.kept.deleted[1]
        )

    def _show_settings(self) -> None:
        phasing = self.phasing
        if phasing is None:
            return
        self._pane.recipe.set_settings(phasing.settings)
        self._check_schedule(phasing.settings.schedule)
        self._pane.preparation.set_settings(phasing.preparation, _CENTRE)
        if phasing.prepared is not None:
            self._show_prepared()  # counts or denoised rates: among the steps

    def _show_keys(self) -> None:
        overrides = self._window.settings.shortcuts
        first = [
            next((shown_key(key) for key in keys_of(BY_ID[f"inspect.{verb}"], overrides)), "")
            for verb in ("reconstruct", "pause", "step", "stop")
        ]
        self._pane.transport.set_keys(*first)

    # -- from the pane ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        pane = self._pane
        pane.transport.run_wanted.connect(self._run)
        pane.transport.pause_wanted.connect(self._call(lambda p: p.pause()))
        pane.transport.step_wanted.connect(self._call(lambda p: p.step()))
        pane.transport.stop_wanted.connect(self._call(lambda p: p.stop()))
        pane.recipe.settings_changed.connect(self._settings_edited)
        pane.recipe.schedule_edited.connect(self._check_schedule)
        pane.preparation.settings_changed.connect(self._preparation_edited)
        pane.preparation.centre_chosen.connect(self._centre_chosen)
        pane.preparation.centre_search_wanted.connect(self._search_centre)
        pane.preparation.prepare_wanted.connect(self._prepare)
        pane.starts.watch_wanted.connect(self.live.watch)
        pane.object.source_chosen.connect(self._call(lambda p, what: p.kept.show(what)))
        pane.results.chosen.connect(self._call(lambda p, one: p.kept.open(one)))
        pane.results.renamed.connect(self._call(lambda p, one, name: p.kept.rename(one, name)))
        pane.results.delete_wanted.connect(self._call(lambda p, one: p.kept.delete(one)))
        pane.results.undo_wanted.connect(self._call(lambda p: p.kept.undelete()))
        pane.results.repeat_wanted.connect(self._call(lambda p, _one: p.repeat()))
        pane.results.export_wanted.connect(self.export)
        pane.page_changed.connect(self._follow_later.ask)

    def _call(self, action: Callable[..., object]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            if self.phasing is not None:
                action(self.phasing, *arguments)

        return call

    def _settings_edited(self, settings: PhasingSettings) -> None:
        self._settings = settings
        self._send_later.ask()

    def _send_settings(self) -> None:
        if self._settings is not None and self.phasing is not None:
            self.phasing.set_settings(self._settings)

    def _check_schedule(self, text: str) -> None:
        try:
            iterations = check_schedule(text)
        except BadParameter as error:
            self._pane.recipe.show_schedule(error.sentence(), True)
        else:
            self._pane.recipe.show_schedule(f"{counted(iterations, 'iteration')} a start")

    def _preparation_edited(self, settings: PatternSettings) -> None:
        if self.phasing is not None:
            kept = {name: getattr(self.phasing.preparation, name) for name in _CENTRE}
            self.phasing.set_preparation(replace(settings, **kept))

    def _centre_chosen(self, y: float, x: float) -> None:
        self._centre = (y, x)
        self._nudge_later.ask()

    def _send_centre(self) -> None:
        if self.phasing is not None and self._centre is not None:
            y, x = self._centre
            self.phasing.set_preparation(replace(self.phasing.preparation, centre_y_px=y, centre_x_px=x))

    def _search_centre(self) -> None:
        if self.phasing is not None:
            found = replace(self.phasing.preparation, centre="symmetry", centre_y_px=None, centre_x_px=None)
            self.phasing.set_preparation(found)
            if self.phasing.prepared is None:
                self._prepare()

    def _prepare(self) -> None:
        phasing = self.phasing
        if phasing is None or self._session is None:
            return
        if phasing.subject is None:
            phasing.about(self._session.browser.index)
        phasing.prepare()

    def export(self, result_id: str = "") -> None:
        """Ask for a file and write a result to it: the one with this id, or the one on screen."""
        phasing, session = self.phasing, self._session
        if phasing is None or session is None:
            return
        result = phasing.result
        chosen = result_id or ("" if result is None else result.id)
        if not chosen:
            session.tell("There is no result to export yet.")
            return
        name = next((row.name for row in phasing.kept.rows if row.id == chosen), "result")
        settings = self._window.settings
        folder = Path(settings.last_folder or Path.home())
        frame = "volume" if phasing.subject is None or phasing.subject.frame < 0 else f"{phasing.subject.frame}"
        dialog = QFileDialog(self._window, f"Export {name}", str(folder))
        dialog.setObjectName("export_result")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(EXPORT_FILTERS))
        dialog.setDefaultSuffix("cxi")
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(kind.rpartition("*.")[2].rstrip(")")))
        dialog.selectFile(f"{Path(session.run.name).stem}-{frame}.cxi")

        def write(path: str) -> None:
            settings.last_folder = str(Path(path).parent)
            what = AVERAGE
            if result is not None and result.id == chosen and self.live.watched is not None:
                what = f"start:{self.live.watched}"
            phasing.kept.export(chosen, what, Path(path))

        dialog.fileSelected.connect(write)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _doubts(prepared: Prepared) -> str:
    """What speaks against the pattern, a sentence each."""
    return " ".join(text if text.endswith(".") else f"{text}." for text in prepared.doubts)
