"""Two starts, or two results, side by side; and the picture a support is drawn on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QObject, QTimer

from app.phasing import words
from app.phasing.controller import Phasing
from app.phasing.live_views import LiveViews
from app.phasing.records import AVERAGE, Prepared
from models.phasing.types import Preview
from widgets.phase.colouring import coloured
from widgets.phase.object_picture import MODULUS, ObjectPicture
from widgets.phase.pane import COMPARE, SUPPORT, PhasePane
from widgets.phase.support_editor import OBJECT

if TYPE_CHECKING:
    from app.phasing.results import Compared

TURN_MS = 400
"""while two running starts are compared, pictures are asked of one after the other this often"""


class Comparing(QObject):
    """What the Compare page shows."""

    def __init__(self, pane: PhasePane, live: LiveViews, parent: QObject) -> None:
        super().__init__(parent)
        self._pane, self._live = pane, live
        self._phasing: Phasing | None = None
        self._seeds: tuple[int, ...] = ()
        self._turn = QTimer(self)
        self._turn.setInterval(TURN_MS)
        self._turn.timeout.connect(self._ask_next)
        self._asked = 0
        self._said = ["", ""]
        live.pictured.connect(self._pictured)
        pane.starts.compared.connect(self._starts_ticked)
        pane.results.compared.connect(self._results_ticked)

    def follow(self, phasing: Phasing | None) -> None:
        self._phasing = phasing
        self.clear()
        if phasing is not None:
            phasing.kept.changed.connect(self.state_changed)

    def clear(self) -> None:
        """There is nothing to compare any more."""
        self._seeds = ()
        self._turn.stop()
        self._pane.compare.show_message()

    def state_changed(self) -> None:
        """The starts began, or a result is there: pictures come from elsewhere now."""
        if len(self._seeds) == 2:
            self._compare(self._seeds)

    def _starts_ticked(self, seeds: tuple[int, ...]) -> None:
        self._seeds = seeds
        phasing = self._phasing
        if phasing is None or len(seeds) < 2:
            self._turn.stop()
            if len(seeds) < 2:
                self._pane.compare.show_message()
            return
        self._compare(seeds)
        self._pane.show_page(COMPARE)

    def _compare(self, seeds: tuple[int, ...]) -> None:
        """Have pictures of two starts: of those that run, or of the result."""
        phasing = self._phasing
        assert phasing is not None
        if phasing.alive:
            if not self._turn.isActive():
                self._pane.compare.set_words("")
                for side, seed in enumerate(seeds):
                    self._pane.compare.wait_for(side, f"Start {seed}")
                self._turn.start()
            self._ask_next()
        elif phasing.result is not None:
            self._turn.stop()
            present = {start.seed for start in phasing.result.starts}
            if not present.issuperset(seeds):
                self.clear()
                return
            for side, seed in enumerate(seeds):
                self._ask(side, phasing.result.id, f"start:{seed}")

    def _results_ticked(self, ids: tuple[str, ...]) -> None:
        self._seeds = ()
        self._turn.stop()
        if len(ids) < 2:
            self._pane.compare.show_message()
            return
        for side, result_id in enumerate(ids):
            self._ask(side, result_id, AVERAGE)
        self._pane.compare.set_words("")
        self._pane.show_page(COMPARE)

    def _ask(self, side: int, result_id: str, what: str) -> None:
        assert self._phasing is not None
        self._said = ["", ""]

        def arrived(found: Compared) -> None:
            picture = ObjectPicture.of(found.shown.preview, found.shape, found.pixel_nm)
            title = found.shown.title if self._seeds else f"{found.name}: {found.shown.title}"
            self._pane.compare.set_object(side, picture, title)
            self._said[side] = f"{title}: {found.figures}" if found.figures else title
            self._pane.compare.set_words("\n".join(part for part in self._said if part))

        self._phasing.kept.compare(side, result_id, what, arrived)

    # -- while they run --------------------------------------------------------------------------------------------

    def _ask_next(self) -> None:
        """Have a picture of the next of the starts that are looked at."""
        phasing = self._phasing
        if phasing is None or not phasing.alive:
            self._turn.stop()
            return
        wanted = [seed for seed in (*self._seeds, self._live.watched) if seed is not None]
        if not wanted or not self._pane.shows(COMPARE):
            return
        self._asked = (self._asked + 1) % len(wanted)
        phasing.glance(wanted[self._asked])

    def _pictured(self, seed: int, picture: ObjectPicture) -> None:
        if seed not in self._seeds or len(self._seeds) < 2 or not self._pane.shows(COMPARE):
            return
        phasing = self._phasing
        rows = () if phasing is None or phasing.latest is None else phasing.latest.rows
        said = []
        for one in self._seeds:
            row = next((row for row in rows if row.seed == one), None)
            if row is not None:
                said.append(f"Start {one}: {words.figures_words(row.r_factor, row.free_log_likelihood)}")
        self._pane.compare.set_object(self._seeds.index(seed), picture, f"start {seed}")
        self._pane.compare.set_words("\n".join(said))


class SupportDrawing(QObject):
    """What the Support page shows to draw on."""

    def __init__(self, pane: PhasePane, live: LiveViews, parent: QObject) -> None:
        super().__init__(parent)
        self._pane, self._live = pane, live
        self._phasing: Phasing | None = None
        self._source = OBJECT
        self._autocorrelation: tuple[Prepared, ObjectPicture] | None = None
        pane.page_changed.connect(self._refresh)
        pane.support.source_wanted.connect(self._choose)
        pane.support.use_wanted.connect(self._use)

    def follow(self, phasing: Phasing | None) -> None:
        self._phasing = phasing
        self._forget()
        if phasing is not None:
            phasing.subject_changed.connect(self._forget)
            phasing.prepared_changed.connect(self._refresh)
            phasing.kept.shown.connect(self._refresh)
            phasing.settings_changed.connect(self._show_used)
            phasing.state_changed.connect(self._show_used)

    def _forget(self) -> None:
        """What was drawn belongs to one frame."""
        self._autocorrelation = None
        self._pane.support.show_message("Prepare or reconstruct a frame; then the support can be drawn here.")
        self._show_used()

    def _show_used(self) -> None:
        phasing = self._phasing
        given = phasing is not None and phasing.settings.first_support == "given"
        self._pane.support.set_used(
            phasing.support if phasing is not None and given else None, phasing is not None and phasing.alive
        )

    def _choose(self, source: str) -> None:
        self._source = source
        self._refresh()

    def _refresh(self) -> None:
        phasing, editor = self._phasing, self._pane.support
        if phasing is None or not self._pane.shows(SUPPORT):
            return
        if phasing.prepared is None:
            editor.show_message("Prepare the pattern first, or run: then there is something to draw on.")
        elif len(phasing.prepared.shape) != 2:
            editor.show_message("A support can be drawn for patterns of two dimensions only.", "This is a volume")
        elif self._source == OBJECT and self._live.picture is not None:
            self._show(self._live.picture)
        elif self._source == OBJECT:
            words = "There is no object yet: run the reconstruction, or draw on the autocorrelation."
            editor.show_message(words, keep=True)
        elif self._autocorrelation is not None and self._autocorrelation[0] is phasing.prepared:
            self._show(self._autocorrelation[1])
        else:
            prepared = phasing.prepared
            editor.show_message("The autocorrelation is being worked out…", "One moment", keep=True)

            def arrived(preview: Preview) -> None:
                if phasing.prepared is prepared:
                    # Its distances are those of the object, and so is its pixel.
                    where = preview.corner, preview.step, prepared.shape, prepared.pixel_nm
                    self._autocorrelation = prepared, ObjectPicture(preview.object, None, *where)
                    self._refresh()

            phasing.autocorrelation(arrived)

    def _show(self, picture: ObjectPicture) -> None:
        assert self._phasing is not None
        pixels = coloured(picture.object, None, MODULUS, picture.largest)
        nm = None if picture.pixel_nm is None else picture.pixel_nm[-1]
        self._pane.support.set_picture(pixels, picture.place(), nm, self._present(picture))

    def _present(self, picture: ObjectPicture) -> np.ndarray | None:  # type: ignore[type-arg]
        """The support of the object shown over the whole array, to begin drawing from."""
        if self._phasing is not None and self._phasing.support is not None:
            return self._phasing.support
        if picture.support is None:
            return None
        whole = np.zeros(picture.shape, np.bool_)
        (top, left), step = picture.corner, picture.step
        grown = picture.support.repeat(step, 0).repeat(step, 1)
        grown = grown[: picture.shape[0] - top, : picture.shape[1] - left]
        whole[top : top + grown.shape[0], left : left + grown.shape[1]] = grown
        return whole

    def _use(self, support: np.ndarray) -> None:  # type: ignore[type-arg]
        phasing = self._phasing
        if phasing is None or phasing.prepared is None:
            return
        if support.shape == phasing.prepared.shape:
            phasing.use_support(support)
