"""Keeps the Denoise pane in step with the open run, and brings what the user does there to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject

from app.denoising import words
from app.denoising.controller import DONE, FAILED, Denoising
from app.denoising.handoff import WAYS, use_for_phasing
from app.denoising.layers import (
    DEVIATION,
    DIFFERENCES,
    RATE,
    TITLES,
    UNCERTAINTIES,
    Layers,
    View,
    make_layers,
)  # fmt: skip
from app.denoising.records import Outcome, Subject
from app.jobs.threads import LatestWorker
from app.later import Later, Pieces
from models.denoising.registry import METHODS
from models.display import Levels, Picture, Scaling, colour_table
from models.errors import FriedelError
from widgets.denoise.comparison import AFTER
from widgets.denoise.marks import MarkedPixels
from widgets.denoise.method_panel import MethodChoice
from widgets.denoise.pane import DenoisePane

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession

log = logging.getLogger(__name__)

DETAILS_AFTER_MS = 60
_GIVEN_IN_PHOTONS = ("adu_per_photon",)
_NOTHING = "Open a run and choose a frame: it is shown here as it was measured and as it is denoised."


class DenoisePresenter(QObject):
    """One pane, one session at a time."""

    def __init__(self, pane: DenoisePane, window: MainWindow) -> None:
        super().__init__(window)
        self.pane = self._pane = pane
        self._window = window
        self._session: RunSession | None = None
        self._layer = RATE
        self._levels: dict[str, Levels] = {}
        self._shown: Layers | None = None
        self._pool = 1.0
        self._marks: tuple[npt.NDArray[np.uint8] | None, MarkedPixels | None] = (None, None)
        self._painted_before: tuple[Picture, str] | None = None
        self._painter = LatestWorker("denoised pictures")
        self._details_later = Later(self._show_details, DETAILS_AFTER_MS, self)
        self._pieces = Pieces(self)
        pane.method.set_methods([MethodChoice(m.name, m.title, m.when, m.paper, m.learned) for m in METHODS.values()])
        pane.pictures.set_layers(list(TITLES.items()), RATE)
        pane.set_ways(list(WAYS))
        self._connect()
        window.destroyed.connect(lambda: self._painter.close())

    @property
    def denoising(self) -> Denoising | None:
        return None if self._session is None else self._session.denoising

    @property
    def shown(self) -> Layers | None:
        """What is painted."""
        return self._shown

    def show_session(self, session: RunSession | None) -> None:
        """Follow an open run from now on; None clears everything."""
        self._session = session
        denoising = self.denoising
        self._painter.forget()
        self._levels.clear()
        self._shown = None
        if session is None or denoising is None:
            self._pane.set_subject("", "")
            self._pane.pictures.show_message(_NOTHING, "No frame")
            self._pane.set_state("", busy=False)
            self._show_details()
            return
        denoising.state_changed.connect(self._show_state)
        denoising.subject_changed.connect(self._show_subject)
        denoising.outcome_changed.connect(self._show_outcome)
        denoising.recipe_changed.connect(self._show_recipe)
        denoising.judged.connect(self._show_judgement)
        session.frames.picture_ready.connect(self._frame_came)
        session.frames.unreadable.connect(self._unreadable)
        session.browser.index_changed.connect(self._index_changed)
        self._show_recipe()
        self._show_subject()
        self._show_state(denoising.state, denoising.words)
        self._follow()

    def show_apart(self, apart: bool) -> None:
        """Whether the pane has a window of its own."""
        self._pane.larger.setText("Back" if apart else "Larger")

    # -- from the run ----------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Be about the frame on screen, while the pane is looked at."""
        panes = self._window.panes
        if panes is not None and panes.frame_view.picture is not None:
            self._frame_came(panes.frame_view.picture)

    def _frame_came(self, picture: Picture) -> None:
        session = self._session
        if session is None or not self._pane.isVisible() or picture.index != session.browser.index:
            return
        session.denoising.about(picture.frame)

    def _index_changed(self, _index: int) -> None:
        if self._pane.isVisible():
            self._pane.pictures.comparison.before.set_stale(True)
            self._pane.pictures.comparison.after.set_stale(True)

    def _unreadable(self, index: int, error: FriedelError) -> None:
        session = self._session
        if session is not None and index == session.browser.index and self._pane.isVisible():
            session.denoising.about_nothing()
            self._pane.pictures.show_message(error.sentence(), f"Frame {index} cannot be read")

    def _show_subject(self) -> None:
        subject = None if self.denoising is None else self.denoising.subject
        if subject is None:
            self._pane.set_subject("", "")
            self._pane.pictures.show_message("Choose a frame that can be read.", "No frame")
            return
        outcome = self._outcome()
        self._pane.set_subject(f"Frame {subject.frame.index}", words.about_words(subject, outcome))
        self._repaint()

    def _outcome(self) -> Outcome | None:
        """What came of the present frame; not that of another one."""
        denoising = self.denoising
        if denoising is None or denoising.subject is None or denoising.outcome is None:
            return None
        return denoising.outcome if denoising.outcome.key == denoising.subject.key else None

    def _show_state(self, state: str, said: str) -> None:
        denoising = self.denoising
        self._pane.set_state(said, busy=denoising is not None and denoising.busy, grave=state == FAILED)
        after = self._pane.pictures.comparison.after
        if state == FAILED:
            after.clear()
            after.set_message(said)
        elif not after.shows_frame:
            after.set_message(said)
        stale = denoising is not None and denoising.busy and (self._outcome() is None or not self._outcome_draft())
        after.set_stale(stale)

    def _outcome_draft(self) -> bool:
        outcome = self._outcome()
        return outcome is not None and outcome.draft

    def _show_outcome(self) -> None:
        self._repaint()
        outcome = self._outcome()
        if outcome is None or not outcome.draft:  # a draft has less to say than what it takes the place of
            self._details_later.ask()

    def _show_recipe(self) -> None:
        denoising = self.denoising
        if denoising is not None:
            recipe = denoising.recipe
            self._pane.method.set_recipe(recipe.method, denoising.parameters, denoising.can_go_back)
            in_photons = self._session is not None and self._session.run.unit == "photons"
            self._pane.method.set_counting(denoising.counting, _GIVEN_IN_PHOTONS if in_photons else ())

    # -- pictures --------------------------------------------------------------------------------------------------

    def repaint(self) -> None:
        """Levels, scaling or colour map of the frame view are others."""
        if self._pane.isVisible():
            self._repaint()

    def _repaint(self) -> None:
        session, panes = self._session, self._window.panes
        if session is None or panes is None or session.denoising.subject is None:
            return
        display = replace(panes.frame_view.settings, pool=self._pool)
        levels = self._levels.get(self._layer)
        view = View(session.denoising.subject, self._outcome(), display, self._layer, levels)
        self._painter.submit(lambda: make_layers(view), self._paint, self._unpainted)

    def _paint(self, layers: Layers) -> None:
        denoising = self.denoising
        if denoising is None or layers.view.subject is not denoising.subject:
            return
        self._shown = layers
        panel, view = self._pane.pictures, layers.view
        comparison = panel.comparison
        display, subject = view.display, view.subject
        panel.show_pictures()
        before = (layers.before, display.colour_map)
        if before != self._painted_before or not comparison.before.shows_frame:
            self._painted_before = before
            comparison.set_before(layers.before, colour_table(display.colour_map))
        comparison.before.set_stale(False)
        title = TITLES[view.layer][:1].lower() + TITLES[view.layer][1:]
        comparison.set_titles("measured", title)
        unit = words.unit_of(subject)
        panel.set_scale("counts", layers.before.levels, display.scaling, display.colour_map, unit)
        alone = panel.comparison.mode == AFTER
        panel.show_bars(counts=view.layer == RATE or not alone, layer=view.layer != RATE)
        if layers.after is None:
            comparison.after.clear()
            comparison.after.set_message("It is being worked out…" if view.outcome is not None else denoising.words)
            panel.set_legend(())
        else:
            comparison.set_after(layers.after, colour_table(layers.colour_map))
            comparison.after.set_view_box(comparison.before.view_box())
            comparison.after.set_marks(self._marks_of(layers))
            comparison.after.set_stale(denoising.busy and not self._outcome_draft())
            if view.layer != RATE:
                scaling = display.scaling if view.layer == DEVIATION else Scaling.LINEAR
                layer_unit = "σ" if view.layer == "sigmas" else "" if view.layer == "relative" else unit
                panel.set_scale("layer", layers.after.levels, scaling, layers.colour_map, layer_unit)
            outcome = view.outcome
            panel.set_legend(() if outcome is None or layers.marks is None else words.legend(outcome))
        panel.set_readout(lambda y, x: words.pixel_words(subject, self._outcome(), y, x))
        self._pane.set_subject(f"Frame {subject.frame.index}", words.about_words(subject, view.outcome))

    def _marks_of(self, layers: Layers) -> MarkedPixels | None:
        """Stencils are made once for each result."""
        outcome = layers.view.outcome
        if layers.marks is None or outcome is None:
            return None
        known = self._marks[0]
        if known is None or known.shape != layers.marks.shape or not np.array_equal(known, layers.marks):
            self._marks = (layers.marks, MarkedPixels(layers.marks))
        return self._marks[1]

    def _unpainted(self, error: Exception) -> None:
        log.error("the denoised frame cannot be drawn", exc_info=error)
        self._pane.set_state(f"The pictures cannot be drawn: {error}.", busy=False, grave=True)

    def _pool_wanted(self, pool: float) -> None:
        self._pool = pool
        self._repaint()

    def _choose_layer(self, layer: str) -> None:
        self._layer = layer
        self._repaint()

    def _choose_levels(self, which: str, low: float, high: float) -> None:
        panes = self._window.panes
        if which == "counts" and panes is not None and self.denoising is not None:
            value = self.denoising.counting.adu_per_photon or 1.0  # the frame view shows values as they are stored
            panes.frame_view.set_levels(low * value, high * value)
        elif which == "layer":
            if self._layer in DIFFERENCES:  # nothing lies in the middle
                high = max(abs(low), abs(high))
                low = -high
            elif self._layer in UNCERTAINTIES:
                low = max(low, 0.0)
            if low < high:
                self._levels[self._layer] = Levels(low, high)
            self._repaint()

    def _auto_levels(self, which: str) -> None:
        panes = self._window.panes
        if which == "counts" and panes is not None:
            panes.frame_view.set_auto_levels(True)
        elif which == "layer":
            self._levels.pop(self._layer, None)
            self._repaint()

    # -- what is said of it ----------------------------------------------------------------------------------------

    def _show_details(self) -> None:
        """Facts and curves, each in a turn of its own."""
        subject, outcome = (None if self.denoising is None else self.denoising.subject), self._outcome()
        self._pieces.forget()
        if subject is not None and outcome is not None and outcome.compared is None:
            return  # it is on its way
        if subject is None or outcome is None or outcome.compared is None:
            self._pane.facts.set_facts((), (), ())
            self._pane.profile.clear()
            self._pane.spectrum.clear()
            self._show_judgement()
            return
        pane, compared = self._pane, outcome.compared

        def show_facts(subject: Subject = subject, outcome: Outcome = outcome) -> None:
            warnings, notes = words.warnings_of(subject, outcome), words.notes_of(outcome)
            pane.facts.set_facts(words.facts(subject, outcome), warnings, notes)

        self._pieces.then(
            show_facts,
            lambda: pane.profile.set_curves(words.profile(subject, compared)),
            lambda: pane.spectrum.set_curves(words.spectrum(subject, compared)),
            self._show_judgement,
        )

    def _show_judgement(self) -> None:
        denoising = self.denoising
        if denoising is None:
            self._pane.facts.set_tests((), True, running=False, possible=False)
            return
        judgement = denoising.judgement
        sentences = [] if judgement is None else [words.sentence(text) for text in judgement.sentences]
        possible = denoising.outcome is not None and denoising.state == DONE
        sound = judgement is None or judgement.sound
        self._pane.facts.set_tests(sentences, sound, running=denoising.judging, possible=possible)

    # -- from the pane ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        pane = self._pane
        pane.shown.connect(self._follow)
        pane.stop_wanted.connect(self._call(lambda d: d.cancel()))
        pane.method.method_chosen.connect(self._call(lambda d, name: d.choose(name)))
        pane.method.settings_changed.connect(self._call(lambda d, settings: d.set_parameters(settings)))
        pane.method.undo_wanted.connect(self._call(lambda d: d.back()))
        pane.method.defaults_wanted.connect(self._call(lambda d: d.reset()))
        pane.method.counting_changed.connect(self._call(lambda d, counting: d.set_counting(counting)))
        pane.method.photon_wanted.connect(self._call(lambda d: d.find_photon()))
        pane.facts.test_wanted.connect(self._call(lambda d: d.judge()))
        pane.frames_wanted.connect(lambda: self._window.actions_table.trigger("inspect.denoise_frames"))
        pane.phasing_wanted.connect(self.use_for_phasing)
        pictures = pane.pictures
        pictures.layer_chosen.connect(self._choose_layer)
        pictures.levels_chosen.connect(self._choose_levels)
        pictures.auto_wanted.connect(self._auto_levels)
        pictures.mode_chosen.connect(lambda _mode: self._repaint())
        pictures.comparison.pool_wanted.connect(self._pool_wanted)

    def _call(self, action: Callable[..., object]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            if self.denoising is not None:
                action(self.denoising, *arguments)

        return call

    # -- commands --------------------------------------------------------------------------------------------------

    def denoise(self) -> None:
        """Denoise the frame on screen (again)."""
        self._follow()
        denoising = self.denoising
        if denoising is not None and denoising.subject is not None and denoising.state != DONE:
            denoising.look()

    def use_for_phasing(self, way: str = "") -> None:
        """Hand the denoised frame to Inspect → Phase, marked as such."""
        if self._session is not None:
            use_for_phasing(self._window, self._session, way)
