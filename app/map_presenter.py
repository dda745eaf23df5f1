"""Keeps the map in step with the open run: positions, colours, selection, and the cards that come up over points."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QImage

from app.embedding import MISSING, RUNNING
from app.jobs.threads import LatestWorker
from app.later import Later
from app.layouts import PCA, UMAP
from app.session import RunSession
from app.verdict_words import unknown_style
from models.display import colour_table
from widgets.map_view import Category, Colouring, LayoutChoice, MapView, by_category, by_value
from widgets.text import grouped, percent

LABEL, VERDICT, CONFIDENCE, COLUMN = "label", "verdict", "confidence", "column:"
CONFIDENCE_MAP = "viridis"
GROWN_AFTER_MS = 2000
RECOLOUR_AFTER_MS = 30
"""labels are shown in the frame view first; recolouring a million points can wait for the next paint"""
COLOURED_AT_ONCE = 100_000
"""frames that are coloured sooner than they are handed to another thread and back"""

log = logging.getLogger(__name__)


class MapPresenter(QObject):
    """Shows one session's map at a time."""

    umap_wanted = pyqtSignal()
    """the user wants a UMAP that is not there yet"""

    def __init__(self, view: MapView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._session: RunSession | None = None
        self._colour_by = self._shown_by = LABEL
        self._chosen_by_user = False
        self._card = -1
        self._recolour = Later(self._show_colours, RECOLOUR_AFTER_MS, self)
        self._relabel = Later(self._show_labelled, RECOLOUR_AFTER_MS, self)
        self._placed = 0
        self._regrow = Later(self._show_growth, GROWN_AFTER_MS, self)
        self._colour_worker = LatestWorker("map colours")
        view.frame_chosen.connect(self._frame_chosen)
        view.selection_changed.connect(self._selection_drawn)
        view.colour_by_changed.connect(self._colour_chosen)
        view.layout_changed.connect(self._layout_chosen)
        view.layout_requested.connect(lambda _layout: self.umap_wanted.emit())
        view.card_wanted.connect(self._card_wanted)
        view.action_requested.connect(self._embed)

    @property
    def colour_by(self) -> str:
        """What the colours show: "label", "verdict", "confidence" or "column:NAME"."""
        return self._colour_by

    def show_session(self, session: RunSession | None) -> None:
        self._session = session
        self._recolour.forget()
        self._relabel.forget()
        self._regrow.forget()
        self._placed = 0
        self._colour_worker.close()
        self._view.set_points(None)
        if session is None:
            self._view.set_empty()
            return
        self._colour_worker = LatestWorker("map colours")
        state = session.opened_state.map
        self._chosen_by_user = isinstance(state.get("colour_by"), str)
        self._colour_by = str(state["colour_by"]) if self._chosen_by_user else LABEL
        session.layout.changed.connect(self._show_points)
        session.layout.computing_changed.connect(self._view.set_computing)
        session.embedding.changed.connect(self._show_empty)
        session.labels.changed.connect(self._labels_changed)
        session.labels.classes_changed.connect(self._recolour.ask)
        session.classifier.judged.connect(self._judged)
        session.statistics.columns_changed.connect(self._recolour.ask)
        session.browser.index_changed.connect(self._view.set_current)
        session.browser.selection_changed.connect(self._show_selection)
        session.browser.grew.connect(self._regrow.ask)
        session.frames.thumbnail_ready.connect(self._thumbnail_came)
        self._show_empty()
        self._show_points()

    # -- from the session ------------------------------------------------------------------------------------------

    def _show_empty(self) -> None:
        if self._session is None or self._session.layout.positions is not None:
            return
        state = self._session.embedding.state
        if state == "running":
            self._view.set_empty(
                "The map is being made",
                "Every frame is looked at once by the network; labelling can begin meanwhile.",
            )
        elif state == "missing":
            self._view.set_empty(
                "No map yet",
                "Embedding the run places every frame on a map, where frames that look alike lie together.",
                "Embed run",
            )
        else:
            self._view.set_empty("Looking for the map…", "")

    def _show_points(self) -> None:
        session = self._session
        if session is None or session.layout.positions is None:
            return
        layout = session.layout
        positions = self._positions(session)
        self._placed = len(positions)
        self._show_colours()
        self._view.set_points(positions, animate=True, reason=self._reason(session))
        choices = [LayoutChoice("pca", PCA), LayoutChoice("umap", UMAP, ready=layout.has_umap)]
        self._view.set_layouts(choices, "umap" if layout.kind == UMAP else "pca")
        self._view.set_current(session.browser.index)
        self._show_selection()

    def _show_growth(self) -> None:
        """Frames came that have no place yet: the map stays as it is and says how many there are."""
        session = self._session
        if session is None or session.layout.positions is None or self._placed == len(session.run):
            return
        positions = self._positions(session)
        self._placed = len(positions)
        self._view.set_points(positions, keep_view=True, reason=self._reason(session))
        self._show_colours()
        self._show_selection()

    def _positions(self, session: RunSession) -> np.ndarray:
        """A place for every frame; not-a-number for those that came since the map was laid out."""
        positions = session.layout.positions
        assert positions is not None
        more = len(session.run) - len(positions)
        if more <= 0:
            return positions
        return np.concatenate([positions, np.full((more, 2), np.nan, np.float32)])

    def _reason(self, session: RunSession) -> str:
        return {
            RUNNING: "the others are being embedded",
            MISSING: "the others are not embedded yet",
        }.get(session.embedding.state, "the others could not be embedded")

    def _judged(self) -> None:
        session = self._session
        if session is None:
            return
        there = session.classifier.verdicts is not None
        if there and not self._chosen_by_user:
            self._colour_by = VERDICT
        elif not there and self._colour_by in (VERDICT, CONFIDENCE) and not self._chosen_by_user:
            self._colour_by = LABEL
        self._recolour.ask()

    def _show_colours(self) -> None:
        session = self._session
        if session is None or session.layout.positions is None:
            return
        choices = [(LABEL, "Label")]
        if session.classifier.verdicts is not None:
            choices += [(VERDICT, "Verdict"), (CONFIDENCE, "Confidence")]
        choices += [
            (COLUMN + name, name)
            for name, column in session.run.columns.items()
            if np.issubdtype(column.values.dtype, np.number)
        ]
        current = self._shown_by = self._colour_by if self._colour_by in dict(choices) else LABEL
        self._view.set_colour_choices(choices, current)
        make = self._colouring_maker(session, current)
        if len(session.run) <= COLOURED_AT_ONCE:
            self._view.set_colouring(make())
        else:
            self._colour_worker.submit(lambda: _counted(make()), self._coloured, self._not_coloured)
        self._show_labelled()

    def _coloured(self, colouring: Colouring) -> None:
        if len(colouring.codes) == self._placed:  # else the run has grown meanwhile, and others are on their way
            self._view.set_colouring(colouring)

    def _not_coloured(self, error: Exception) -> None:
        log.error("the map cannot be coloured", exc_info=error)
        if self._session is not None:
            self._session.complain(f"The map cannot be coloured: {error}.")

    def _labels_changed(self) -> None:
        """Labels are colours only where these show labels; else just the examples are others."""
        (self._recolour if self._shown_by == LABEL else self._relabel).ask()

    def _show_labelled(self) -> None:
        if self._session is not None:
            self._view.set_labelled(self._session.labels.codes[: self._placed] >= 0)

    def _colouring_maker(self, session: RunSession, by: str) -> Callable[[], Colouring]:
        """What works the colours out, on any thread: it holds copies of whatever changes in place."""
        categories = [Category(s.name, s.colour, s.marker) for s in session.labels.styles()]
        placed = self._placed  # a run that grows has more frames than the map
        if by == VERDICT:
            codes, confidence = session.verdict_codes()
            style = unknown_style()
            known = (*categories, Category(style.name, style.colour, style.marker))

            def verdicts() -> Colouring:
                unknown = np.isfinite(confidence) & (codes < 0)
                shown = np.where(unknown, len(known) - 1, codes)[:placed]
                return by_category(shown, known, "Verdict", "not embedded")

            return verdicts
        colours = colour_table(CONFIDENCE_MAP)
        if by == CONFIDENCE:
            confidence = session.verdict_codes()[1]
            return lambda: by_value(confidence[:placed], colours, "Confidence", "", 0.0, 1.0)
        if by.startswith(COLUMN):
            column = session.run.columns[by.removeprefix(COLUMN)]
            return lambda: by_value(column.values[:placed], colours, column.name, column.unit)
        labels, _ = session.labels.snapshot()
        return lambda: by_category(labels[:placed], categories)

    def _show_selection(self) -> None:
        if self._session is not None:
            browser = self._session.browser
            self._view.set_selection(browser.selected[: self._placed] if browser.n_selected else None)

    # -- from the view ---------------------------------------------------------------------------------------------

    def _frame_chosen(self, index: int) -> None:
        if self._session is not None:
            self._session.browser.go_to(index)

    def _selection_drawn(self, selected: np.ndarray) -> None:
        if self._session is not None:
            self._session.browser.select(np.flatnonzero(selected))

    def _colour_chosen(self, by: str) -> None:
        self._colour_by = by
        self._chosen_by_user = True
        if self._session is not None:
            self._session.layout.colour_by = by
        self._show_colours()

    def _layout_chosen(self, layout: str) -> None:
        if self._session is None:
            return
        if layout == "umap":
            self._session.layout.use_umap()
        else:
            self._session.layout.use_pca()

    def _embed(self) -> None:
        if self._session is not None:
            self._session.embedding.start()

    def _card_wanted(self, index: int) -> None:
        """Show the words at once; the picture follows when the reader has it."""
        if self._session is None:
            return
        self._card = index
        self._view.set_hover_card(index, None, self._card_text(index))
        self._session.frames.want_card(index)

    def _thumbnail_came(self, index: int, picture: np.ndarray) -> None:
        if self._session is not None and index == self._card:
            self._card = -1
            self._view.set_hover_card(index, self._image(picture), self._card_text(index))

    def _image(self, picture: np.ndarray) -> QImage:
        assert self._session is not None
        colours = colour_table(self._session.display.colour_map)
        rgba = np.ascontiguousarray(colours[picture])
        height, width = picture.shape
        return QImage(rgba.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()

    def _card_text(self, index: int) -> str:
        session = self._session
        assert session is not None
        lines = [f"Frame {grouped(index)}"]
        if session.run.events is not None:
            lines.append(session.run.events[index])
        code = int(session.labels.codes[index])
        if code != -1:
            lines.append(f"labelled {session.labels.class_names[code] if code >= 0 else 'unsure'}")
        name, confidence = session.verdict_of(index)
        if confidence is not None:
            lines.append(f"verdict {name or 'unknown'} {percent(confidence)}")
        return "\n".join(lines)


def _counted(colouring: Colouring) -> Colouring:
    """With the counts of the legend worked out already."""
    colouring.counts()
    return colouring
