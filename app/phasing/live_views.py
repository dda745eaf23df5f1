"""What the reconstruction that runs, or the result on screen, looks like."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from app.later import Later, Pieces
from app.phasing import words
from app.phasing.controller import RUNNING, Phasing
from app.phasing.patterns import load_pattern, pixel_words
from app.phasing.records import AVERAGE, AmplitudePicture, PhasingNews, Result, Shown
from models.display import colour_table
from models.patterns import Pattern
from models.phasing.starts.types import StartsProgress
from widgets.phase.array_canvas import Place
from widgets.phase.curve_plot import Curve
from widgets.phase.object_picture import ObjectPicture
from widgets.phase.pane import AMPLITUDES, CURVES, OBJECT, PhasePane
from widgets.phase.starts_table import StartRow
from widgets.phase.transport import Pace
from widgets.text import grouped

TABLE_EVERY_MS, CURVES_EVERY_MS = 200, 400
COLOUR_MAP = "viridis"


class LiveViews(QObject):
    """Shows each picture only where it is looked at, tables and curves a few times a second."""

    pictured = pyqtSignal(int, object)
    """seed, `ObjectPicture`: the latest picture of a running start"""

    def __init__(self, pane: PhasePane, parent: QObject) -> None:
        super().__init__(parent)
        self._pane = pane
        self._phasing: Phasing | None = None
        self._table = colour_table(COLOUR_MAP)
        self._watched: int | None = None
        self._progress: StartsProgress | None = None
        self._stage = ""
        self._notes = 0
        self._picture: tuple[ObjectPicture, str] | None = None
        self._amplitudes: AmplitudePicture | None = None
        self._calculated: AmplitudePicture | None = None
        self._pattern: Pattern | None = None
        self._values: np.ndarray | None = None  # type: ignore[type-arg]
        self._unseen: set[str] = set()
        self._table_later = Later(self._show_table, TABLE_EVERY_MS, self)
        self._curves_later = Later(self._show_curves, CURVES_EVERY_MS, self)
        self.pieces = Pieces(self)
        """what of a result that has arrived is not shown yet"""
        pane.page_changed.connect(self._page_changed)

    def follow(self, phasing: Phasing | None) -> None:
        """Show this run's reconstructions from now on; None for none."""
        self._phasing = phasing
        self.forget()
        if phasing is not None:
            phasing.news.connect(self._take)
            phasing.prepared_changed.connect(self._show_prepared)
            phasing.kept.changed.connect(self._show_result)
            phasing.kept.shown.connect(self._show_shown)

    @property
    def watched(self) -> int | None:
        """Seed of the start that is shown, None for none."""
        return self._watched

    @property
    def picture(self) -> ObjectPicture | None:
        """The object on screen, or that would be."""
        return None if self._picture is None else self._picture[0]

    def watch(self, seed: int) -> None:
        """Show this start."""
        if self._phasing is None:
            return
        self._watched = seed
        self._phasing.watch(seed)
        self._show_table()
        self._pane.curves.set_watched(seed)

    def forget(self) -> None:
        """Nothing is there any more."""
        self._watched, self._progress, self._picture = None, None, None
        self._amplitudes = self._calculated = None
        self._pattern = self._values = None
        self._unseen.clear()
        for later in (self._table_later, self._curves_later, self.pieces):
            later.forget()
        pane = self._pane
        pane.object.set_sources((), "")
        pane.object.show_message("Run the reconstruction: the object is shown here while it is found.")
        pane.amplitudes.show_message("Prepare or run: the pattern is shown here, measured beside calculated.")
        pane.curves.set_curves((), None)
        pane.starts.set_rows((), None)
        pane.trust.clear()
        pane.prtf.clear("It needs at least two finished starts: it says how well their phases agree.")

    def begin(self) -> None:
        """Another run of starts begins: what was shown of the last one is out of date."""
        self._progress, self._watched = None, None
        self._stage, self._notes = "", 0
        self.pieces.forget()
        pane = self._pane
        pane.object.set_sources((), "")
        pane.curves.set_curves((), None)
        pane.starts.set_rows((), None)
        pane.trust.clear()
        pane.prtf.clear("It is worked out when the starts have ended: it says how well their phases agree.")
        if self._picture is None:
            pane.object.show_message("The starts are being made; the first picture comes in a moment.", "Starting")

    # -- while it runs ---------------------------------------------------------------------------------------------

    def _take(self, news: PhasingNews) -> None:
        progress, phasing = news.starts, self._phasing
        if phasing is None or progress is None or phasing.prepared is None:
            return
        self._progress = progress
        if progress.stage != self._stage:  # what comes now are other starts, though their seeds may be the same
            self._stage, self._watched = progress.stage, None
        if progress.stage or self._watched not in {row.seed for row in progress.rows}:
            self._watched = progress.watched
        if len(progress.notes) > self._notes:
            self._notes = len(progress.notes)
            self._pane.show_note(progress.notes[-1])
        if progress.preview is not None and progress.watched is not None:
            picture = ObjectPicture.of(progress.preview, phasing.prepared.shape, phasing.prepared.pixel_nm)
            self.pictured.emit(progress.watched, picture)
            if progress.watched == self._watched:
                self._picture = (picture, self._title(progress))
                self._show_object()
        if news.calculated is not None and progress.watched == self._watched:
            self._calculated = news.calculated
            self._values = None
            self._show_calculated()
        self._table_later.ask()
        self._curves_later.ask()

    @staticmethod
    def _title(progress: StartsProgress) -> str:
        row = next((row for row in progress.rows if row.seed == progress.watched), None)
        name = "trial" if progress.stage else "start"
        if row is None:
            return f"{name} {progress.watched}"
        return f"{name} {row.seed}  ·  {row.state}  ·  iteration {grouped(row.iteration)}"

    def _show_table(self) -> None:
        phasing = self._phasing
        if phasing is None:
            return
        if phasing.alive and self._progress is not None:
            progress = self._progress
            shape = phasing.prepared.shape if phasing.prepared is not None else ()
            rows = [
                StartRow(
                    row.seed, row.state, row.iteration, row.r_factor, row.free_log_likelihood, row.support_pixels,
                    row.support_pixels / math.prod(shape) if shape else math.nan,
                )
                for row in progress.rows
            ]  # fmt: skip
            self._pane.starts.set_rows(rows, self._watched)
            rate = progress.iterations_per_second
            known = rate > 0 and phasing.state == RUNNING
            left = ((progress.total or 0) - progress.done) / rate if known and progress.total else None
            self._pane.transport.set_pace(
                Pace(progress.done, progress.total or 0, rate if known else math.nan, left, progress.stage),
            )
        elif phasing.result is not None:
            self._pane.starts.set_rows(self._result_rows(), self._watched)

    def _show_curves(self) -> None:
        phasing, progress = self._phasing, self._progress
        if phasing is None or progress is None or not phasing.alive:
            return
        if not self._pane.shows(CURVES):
            self._unseen.add(CURVES)
            return
        found = dict(progress.curves)
        if progress.watched is not None and progress.history is not None:
            found[progress.watched] = progress.history
        curves = [
            Curve(seed, history.iteration, history.r_factor, history.free_log_likelihood)
            for seed, history in sorted(found.items())
        ]
        total = max((row.total for row in progress.rows), default=None)
        self._pane.curves.set_curves(curves, self._watched, total)

    # -- pictures --------------------------------------------------------------------------------------------------

    def _page_changed(self) -> None:
        """Paint what came while nobody looked."""
        waiting, self._unseen = self._unseen, set()
        if OBJECT in waiting:
            self._show_object()
        if AMPLITUDES in waiting:
            self._show_measured()
            self._show_calculated()
        if CURVES in waiting:
            self._show_curves()

    def _show_object(self) -> None:
        if self._picture is None:
            return
        if not self._pane.shows(OBJECT):
            self._unseen.add(OBJECT)
            return
        picture, title = self._picture
        self._pane.object.set_object(picture)
        self._pane.object.set_title(title)

    def _show_measured(self) -> None:
        shown = self._amplitudes
        if shown is None:
            return
        if not self._pane.shows(AMPLITUDES):
            self._unseen.add(AMPLITUDES)
            return
        height, width = shown.indices.shape
        shape = (height, width) if self._pattern is None else self._pattern.shape[-2:]
        place = Place((0, 0), shown.pool, (shape[0], shape[1]))
        unit = "√photons" if self._pattern is not None and self._pattern.unit == "photons" else "amplitude"
        note = f"{unit}, log, 0 … {shown.levels.high:.4g}"
        self._pane.amplitudes.set_measured(shown.indices, self._table, place, note, self._say)

    def _show_calculated(self) -> None:
        if not self._pane.shows(AMPLITUDES):
            self._unseen.add(AMPLITUDES)
            return
        indices = None if self._calculated is None else self._calculated.indices
        self._pane.amplitudes.set_calculated(indices, self._table)

    def _say(self, y: int, x: int) -> str:
        return "" if self._pattern is None else pixel_words(self._pattern, y, x, self._values)

    # -- what is prepared, and results -----------------------------------------------------------------------------

    def _show_prepared(self) -> None:
        prepared = None if self._phasing is None else self._phasing.prepared
        if prepared is None:
            return
        self._pattern, self._values = load_pattern(Path(prepared.folder)), None
        self._amplitudes, self._calculated = prepared.amplitudes, None
        self._show_measured()
        self._show_calculated()

    def _show_result(self) -> None:
        phasing = self._phasing
        result = None if phasing is None else phasing.result
        if result is None:
            if phasing is not None and not phasing.alive:
                self.forget()
                self._show_prepared()
            return
        self._progress = None
        self._watched = None
        self._pattern = load_pattern(Path(result.folder))
        self._amplitudes = result.amplitudes
        self._pane.object.set_sources(words.sources(result), AVERAGE)
        self._show_table()
        self.pieces.forget()
        self.pieces.then(
            self._show_measured,
            lambda: self._show_result_curves(result),
            lambda: self._pane.trust.set_trust(result.trust),
            lambda: self._show_prtf(result),
        )

    def _show_result_curves(self, result: Result) -> None:
        curves = [
            Curve(one.seed, one.history.iteration, one.history.r_factor, one.history.free_log_likelihood)
            for one in result.starts
        ]
        best = result.starts[0].seed if result.starts else None
        self._pane.curves.set_curves(curves, best if self._watched is None else self._watched)

    def _show_prtf(self, result: Result) -> None:
        cutoff = result.trust.prtf_cutoff_px if result.prtf.q_nm is None else result.trust.prtf_resolution_q
        if result.trust.kept > 1:
            self._pane.prtf.set_prtf(result.prtf, cutoff, words.prtf_words(result.trust, result.prtf))
        else:
            self._pane.prtf.clear("Only one start was kept: there is nothing its phases could be compared with.")

    def _result_rows(self) -> list[StartRow]:
        assert self._phasing is not None
        result = self._phasing.result
        assert result is not None
        size = math.prod(result.shape)
        return [
            StartRow(
                one.seed, one.ended, one.iterations, one.r_factor, one.free_log_likelihood, one.support_pixels,
                one.support_pixels / size, one.kept,
            )
            for one in result.starts
        ]  # fmt: skip

    def _show_shown(self, shown: Shown) -> None:
        phasing = self._phasing
        if phasing is None or phasing.result is None or phasing.alive:
            return
        result = phasing.result
        self._watched = int(shown.what.partition(":")[2]) if shown.what.startswith("start:") else None
        self._picture = (ObjectPicture.of(shown.preview, result.shape, result.pixel_nm), shown.title)
        if shown.calculated is not None:
            self._calculated = shown.calculated
            stored = Path(result.folder) / "calculated.npy"
            self._values = np.load(stored, mmap_mode="r", allow_pickle=False) if stored.exists() else None
            self.pieces.then(self._show_calculated)
        self._pane.object.set_sources(words.sources(result), shown.what)
        self._show_table()
        if self._watched is not None:
            self._pane.curves.set_watched(self._watched)
        self.pieces.then(self._show_object)
