"""Feeds the Mask page from the open run, and brings what the user does there to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import QObject

from app.detector.mask_drafts import MaskDrafts
from app.detector.mask_editing import MaskEditor
from app.detector.mask_exchange import MaskExchange
from app.detector.mask_parts import PARTS, MaskParts
from app.detector.mask_search import MaskSearch
from app.detector.mask_words import KINDS, beam_at, centre_words, counts_of, row_of
from app.jobs.threads import LatestWorker
from app.later import Later
from models.display import DisplaySettings, Picture
from models.errors import FriedelError
from models.masking.draft import draft_path, load_draft
from models.masking.drawing import MaskDrawing
from models.masking.export import FORMS
from models.masking.hot_dead import HotDeadSettings
from models.masking.settings import MaskSettings
from models.runs.mask_bits import unusable_bits
from models.runs.masks import MaskReading
from models.runs.types import BoolImage, FlagImage, PixelFlag
from models.workspace.provenance import now, program_version
from widgets.detector.mask_facts import MaskCounts
from widgets.detector.mask_pane import MaskPane
from widgets.frame.mask_overlay import MaskOverlay

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession

COUNT_AFTER_MS = 120


class MaskPresenter(QObject):
    """One page, one session at a time."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session: RunSession | None = None
        self._picture: Picture | None = None
        self._applied = MaskSettings()
        self._asked: MaskSettings | None = None
        self._reads = MaskSettings()
        self._seen = False
        self._plain = False
        self._of: tuple[str, str] = ("", "")
        self._readings: tuple[MaskReading, ...] = ()
        self._looked_at: BoolImage | None = None
        pane = self.pane = MaskPane(PARTS, HotDeadSettings(), KINDS, FORMS)
        assert window.panes is not None
        self._view = window.panes.frame_view
        self.overlay = MaskOverlay(self._view.canvas)
        self.editor = MaskEditor(self.overlay, self)
        self.search = MaskSearch(pane.hot, self._show_found, self)
        self.parts = MaskParts(self.editor, self.search, pane, self._complain, self)
        self.exchange = MaskExchange(window, self._preview_import, self.parts.take_pixels, self._complain)
        self.drafts = MaskDrafts(self._draft, self._complain, self)
        self._worker = LatestWorker("mask")
        self._counter = LatestWorker("mask counts")
        self._count_later = Later(self._count, COUNT_AFTER_MS, self)
        self._connect()
        window.destroyed.connect(lambda: (self._worker.close(), self._counter.close(), self.drafts.close()))

    def show_session(self, session: RunSession | None) -> None:
        """Follow an open run from now on; None clears everything, unless the run is only treated otherwise."""
        again = session is None and self._window.treating.reopening
        self.drafts.show_session(session)
        self._session, self._picture = session, None
        self._worker.forget()
        self._plain = False
        self._counter.forget()
        self.parts.show_session(session)
        self.exchange.close()
        if not again:
            self.search.show_session(session)
        if session is None:
            self.pane.set_counts(None)
            if not again:
                self._follow_nothing()
            self._show_all()
            return
        session.frames.picture_ready.connect(self._frame_came)
        masking, of, drawing = session.treatment.masking, _names(session), self.editor.drawing
        same = of == self._of and drawing is not None and drawing.frame == session.run.shape
        goes_on = same and masking in (self._applied, self._asked)
        self._of, self._applied, self._asked = of, masking, None
        if not goes_on:
            self._reads = replace(masking, shapes=(), shape=None)
            self._begin(session, masking)
        self._show_file(session)
        self.pane.draw.set_possible(drawing=True, centre=centre_words(session.run))
        self._mates()
        if self._view.picture is not None:
            self._frame_came(self._view.picture)
        self._show_all()

    def _follow_nothing(self) -> None:
        self._of, self._asked = ("", ""), None
        self._applied = self._reads = MaskSettings()
        self._readings = ()
        self.editor.set_drawing(None)
        self.pane.draw.set_possible(drawing=False, centre="")
        self.pane.file.set_masks((), inverted=False)

    @property
    def pending(self) -> bool:
        """Whether the page shows another mask than the run has."""
        return self._session is not None and self.editor.drawing is not None and self._wanted() != self._applied

    def apply(self) -> None:
        """Treat the run with the mask shown."""
        session = self._session
        if session is not None and self.pending:
            self._asked = self._wanted()
            self._window.treat(session.treatment.but(masking=self._asked))
            self._show_pending()

    def revert(self) -> None:
        """Show the mask that is applied; that can be taken back."""
        session = self._session
        if session is not None:
            self._reads = replace(self._applied, shapes=(), shape=None)
            self.editor.set_shapes(self._applied.shapes)
            self._show_file(session)
            self._show_all()

    # -- from the run ----------------------------------------------------------------------------------------------

    def _begin(self, session: RunSession, masking: MaskSettings) -> None:
        """Start from the mask that is applied, with what was changed of it and not applied; read on a thread."""
        folder, frame = session.workspace.folder, session.run.shape
        path = draft_path(folder, session.workspace.annotator)
        self.editor.set_drawing(None)

        def read() -> tuple[MaskDrawing, MaskSettings]:
            drawing = MaskDrawing(frame, masking.shapes if masking.shape in (None, frame) else (), [folder])
            draft = load_draft(path, masking)
            if draft is None or draft.shape not in (None, frame):
                return drawing, masking
            drawing.set_shapes(draft.shapes)
            return drawing, draft

        self._worker.submit(read, lambda made: self._begun(*made), self._not_begun)

    def _begun(self, drawing: MaskDrawing, wanted: MaskSettings) -> None:
        self._reads = replace(wanted, shapes=(), shape=None)
        if self._session is not None:
            self._show_file(self._session)
        self.editor.set_drawing(drawing)

    def _not_begun(self, error: Exception) -> None:
        self._complain(error.sentence() if isinstance(error, FriedelError) else f"{error}.")
        if self._session is not None:
            self.editor.set_drawing(MaskDrawing(self._session.run.shape))

    def _draft(self) -> tuple[MaskSettings, MaskSettings] | None:
        return None if self.editor.drawing is None else (self._applied, self._wanted())

    def _frame_came(self, picture: Picture) -> None:
        session = self._session
        if session is None or picture.index != session.browser.index or picture.frame.raw.shape != session.run.shape:
            return
        new = self._picture is None or self._picture.frame is not picture.frame
        self._picture = picture
        if new:
            self._show_file_mask()
            self._count_later.ask()
            self._show_layer()

    def _flags(self) -> FlagImage | None:
        """Of the frame on screen, without the user's."""
        if self._picture is None:
            return None
        return self._picture.frame.flags & ~np.uint8(PixelFlag.USER)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def _show_all(self) -> None:
        drawing = self.editor.drawing
        shapes = () if drawing is None else drawing.shapes
        self.pane.steps.set_steps([row_of(shape) for shape in shapes], self.editor.chosen)
        self.pane.draw.set_changes(drawing is not None and drawing.can_undo, drawing is not None and drawing.can_redo)
        for button in (self.pane.clear, self.pane.import_, self.pane.export, self.pane.adding.add):
            button.setEnabled(drawing is not None)
        self.pane.clear.setEnabled(bool(shapes))
        self._show_pending()
        self._count_later.ask()

    def _show_pending(self) -> None:
        applying = self._asked is not None and self._window.treating.reopening
        self.pane.set_pending(self.pending, applying=applying)
        if self.editor.drawing is not None:
            self.drafts.ask()
        self._show_layer()

    def _show_layer(self) -> None:
        """The layer is there while the mask is drawn, or is another than the frame's own."""
        overlay = self.overlay
        there = self._session is not None and self.editor.drawing is not None and self._picture is not None
        wanted = there and (overlay.drawing or (self._seen and (self.pending or self._looked_at is not None)))
        if wanted != overlay.isVisible():
            overlay.setVisible(wanted)
            overlay.raise_()
            if wanted and overlay.drawing:
                overlay.setFocus()
            self._show_file_mask()
        overlay.set_tint_shown(self._view.settings.mask_shown)
        if (overlay.isVisible() and self._view.settings.mask_shown) != self._plain:
            self._prepare(self._view.settings)

    def _prepare(self, settings: DisplaySettings) -> None:
        """Under the layer, frames are shown without their own mask: what is no longer masked must be seen."""
        session = self._session
        plain = self.overlay.isVisible() and settings.mask_shown
        if session is not None and (plain or self._plain):
            session.frames.set_display(replace(settings, mask_shown=False) if plain else settings)
        self._plain = plain

    def _show_file_mask(self) -> None:
        flags = self._flags()
        if self.overlay.isVisible() and flags is not None:
            self.overlay.set_file_mask((flags & PixelFlag.MASKED) != 0)

    def _show_file(self, session: RunSession) -> None:
        base = getattr(session.run, "base", session.run)
        self._readings = tuple(getattr(base, "mask_reading", ()))
        self.pane.file.set_masks(self._readings, self._reads.inverted)

    def _count(self) -> None:
        flags, drawing = self._flags(), self.editor.drawing
        if flags is None or drawing is None or drawing.frame != flags.shape or not self._seen:
            return
        masked = drawing.masked
        self._counter.submit(lambda: counts_of(flags, masked), self.pane.set_counts, lambda _error: self._uncounted())

    def _uncounted(self) -> None:
        self.pane.set_counts(MaskCounts(0, 0))

    # -- what is wanted --------------------------------------------------------------------------------------------

    def _wanted(self) -> MaskSettings:
        drawing = self.editor.drawing
        return self._reads if drawing is None else drawing.settings(self._reads)

    def _add_part(self, settings: Any) -> None:
        """A part that needs no drawing."""
        self.parts.add(settings, self._picture)

    # -- the file's mask -------------------------------------------------------------------------------------------

    def _bit(self, value: int, masks: bool) -> None:
        meant = any(
            reading.convention.has_bits and unusable_bits(reading.convention) & value for reading in self._readings
        )
        ignored, used = self._reads.ignored_bits & ~value, self._reads.used_bits & ~value
        if masks and not meant:
            used |= value
        elif not masks and meant:
            ignored |= value
        self._reads = replace(self._reads, ignored_bits=ignored, used_bits=used)
        self._show_pending()

    def _invert(self, inverted: bool) -> None:
        self._reads = replace(self._reads, inverted=inverted)
        self._show_pending()

    # -- hot and dead ----------------------------------------------------------------------------------------------

    def _preview(self, covered: BoolImage | None) -> None:
        """Show pixels on the frame before they are taken."""
        self._looked_at = covered
        self.overlay.set_preview(covered)
        self._show_layer()

    def _preview_import(self, covered: BoolImage | None) -> None:
        """Show what a file would mask; after that, again what was found."""
        if covered is None:
            self._show_found()
        else:
            self._preview(covered)

    def _show_found(self) -> None:
        found, panel = self.search.found, self.pane.hot
        shown = found is not None and panel.preview.isChecked()
        self._preview(found.covered(panel.wanted) if shown and found is not None else None)

    def _add_found(self) -> None:
        found, wanted = self.search.found, self.pane.hot.wanted
        if found is not None and wanted:
            self.parts.take_pixels(found.covered(wanted), f"{', '.join(wanted)} ({found.frames} frames)")
            self.pane.hot.preview.setChecked(False)
            self._show_found()

    # -- export ----------------------------------------------------------------------------------------------------

    def _export(self, form: str) -> None:
        session, drawing, flags = self._session, self.editor.drawing, self._flags()
        if session is None or drawing is None or flags is None:
            return
        # What only this frame has (saturation, broken values) is no property of the detector.
        lasting = flags & ~np.uint8(PixelFlag.SATURATED | PixelFlag.NONFINITE)
        lasting[drawing.masked] |= np.uint8(PixelFlag.USER)
        told: dict[str, object] = {
            "program": f"friedel {program_version()}".strip(),
            "created": now(),
            "run": str(session.run.path),
            "dataset": session.run.dataset,
            "run_digest": session.run.identity.digest,
            "treatment": session.treatment.digest,
            "gaps_of_frame": session.browser.index,
            "masking": self._wanted().to_state(),
        }
        self.exchange.ask_export(form, lasting, told, session.run.path.stem)

    # -- wiring ----------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        pane, editor, overlay = self.pane, self.editor, self.overlay
        pane.apply.clicked.connect(self.apply)
        pane.revert.clicked.connect(self.revert)
        pane.clear.clicked.connect(editor.clear)
        pane.import_.clicked.connect(self._import)
        pane.export_wanted.connect(self._export)
        pane.seen_changed.connect(self._see)
        pane.draw.draw_changed.connect(self._draw)
        pane.draw.tool_changed.connect(overlay.set_tool)
        pane.draw.size_changed.connect(overlay.set_brush)
        pane.draw.mode_changed.connect(overlay.set_takes_back)
        pane.draw.mates_changed.connect(lambda _on: self._mates())
        pane.draw.undo.clicked.connect(editor.undo)
        pane.draw.redo.clicked.connect(editor.redo)
        pane.steps.hidden_changed.connect(editor.hide)
        pane.steps.delete_wanted.connect(editor.delete)
        pane.steps.chosen.connect(editor.choose)
        pane.adding.wanted.connect(self._add_part)
        pane.file.inverted_changed.connect(self._invert)
        pane.file.bit_changed.connect(self._bit)
        pane.hot.preview_changed.connect(self._show_found)
        pane.hot.add_wanted.connect(self._add_found)
        editor.changed.connect(self._show_all)
        editor.painting.connect(self._count_later.ask)
        editor.chosen_changed.connect(pane.steps.choose)
        editor.problem.connect(self._complain)
        overlay.leave_wanted.connect(lambda: pane.draw.draw.setChecked(False))
        overlay.brush_stepped.connect(pane.draw.step_size)
        overlay.set_tool(pane.draw.tool)
        overlay.set_brush(pane.draw.size.value())
        self._view.picture_wanted.connect(self._prepare)
        self._view.settings_changed.connect(lambda settings: overlay.set_tint_shown(settings.mask_shown))
        self._window.treating.changed.connect(self._show_pending)

    def _draw(self, on: bool) -> None:
        self.overlay.set_drawing(on)
        self._show_layer()
        if on:
            self.overlay.setFocus()

    def _see(self, seen: bool) -> None:
        self._seen = seen
        if not seen:
            self.pane.draw.draw.setChecked(False)
        self._count_later.ask()
        self._show_layer()

    def _mates(self) -> None:
        session = self._session
        wanted = session is not None and self.pane.draw.mates.isChecked()
        self.editor.set_mates(beam_at(session.run) if wanted and session is not None else None)

    def _import(self) -> None:
        if self.editor.drawing is not None:
            self.exchange.ask_import(self.editor.drawing.frame)

    def _complain(self, sentence: str) -> None:
        if self._session is not None:
            self._session.complain(sentence)


def _names(session: RunSession) -> tuple[str, str]:
    return str(session.run.path), session.run.dataset
