"""Steps of the user's mask that are not drawn: by value, edges of panels, a circle round the beam, pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import QObject

from app.detector.mask_editing import MaskEditor
from app.detector.mask_search import MaskSearch
from app.detector.mask_words import beam_at
from app.detector.mask_work import Found
from app.jobs.threads import run_task
from models.display import Picture
from models.errors import FriedelError
from models.masking import adding
from models.masking.pixels import keep_pixels
from models.masking.settings import MaskShape
from models.runs.types import BoolImage, FlagImage, PixelFlag
from widgets.detector.mask_add_panel import Part
from widgets.detector.mask_pane import MaskPane

if TYPE_CHECKING:
    from app.session import RunSession

PARTS = (
    Part("By value", adding.ThresholdSettings(), "Pixels below or above a value"),
    Part("Edges of panels", adding.EdgeSettings(), "The outermost pixels of every panel"),
    Part("Circle round the beam", adding.CircleSettings(), "Everything near the direct beam"),
    Part("Grow or shrink", adding.GrowSettings(), "Your mask, as it is by now, made larger or smaller"),
)


class MaskParts(QObject):
    """Works parts out on threads, and adds them to the drawing as it then is."""

    def __init__(
        self,
        editor: MaskEditor,
        search: MaskSearch,
        pane: MaskPane,
        complain: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._editor, self._search, self._pane, self._complain = editor, search, pane, complain
        self._session: RunSession | None = None

    def show_session(self, session: RunSession | None) -> None:
        """Add to the mask of this run from now on."""
        self._session = session

    def add(self, settings: Any, picture: Picture | None) -> None:
        """Add a part with these settings; `picture` is the frame on screen."""
        session = self._session
        if session is None or self._editor.drawing is None:
            return
        if isinstance(settings, adding.GrowSettings):
            self._editor.add(MaskShape("grow", size_px=settings.by_px))
        elif isinstance(settings, adding.CircleSettings):
            self._editor.add(adding.circle(settings, beam_at(session.run), self._use()))
        elif picture is None:
            self._complain("There is no frame on screen to take the part from.")
        elif isinstance(settings, adding.EdgeSettings):
            base, flags = getattr(session.run, "base", session.run), picture.frame.flags
            slab = tuple(getattr(base, "slab_shape", ())) if base.shape == session.run.shape else ()
            self._work_out(lambda: adding.edges(flags, settings, slab), f"edges of panels, {settings.width_px} px")
        elif isinstance(settings, adding.ThresholdSettings):
            self._add_threshold(settings, picture)

    def take_pixels(self, covered: BoolImage, name: str, use: bool = False) -> None:
        """Pixels become a step, masked out or taken into use again: they are written into the workspace first."""
        session, drawing = self._session, self._editor.drawing
        if session is None or drawing is None or covered.shape != drawing.frame:
            return
        if not covered.any():
            session.tell(f"No pixel is masked by “{name}”.")
            return
        folder = session.workspace.folder

        def taken(shape: MaskShape) -> None:
            if self._editor.drawing is drawing:
                self._editor.add(shape)

        run_task(lambda: keep_pixels(covered, folder, name, use), taken, self._failed, name="mask pixels")

    def _add_threshold(self, settings: adding.ThresholdSettings, picture: Picture) -> None:
        assert self._session is not None
        name = adding.threshold_name(settings, self._session.run.unit)
        flags = picture.frame.flags & ~np.uint8(PixelFlag.USER)
        if settings.below is None and settings.above is None:
            self._complain("The threshold has no value. Say below or above which value pixels are masked.")
        elif settings.source == adding.FRAME:
            self._work_out(lambda: adding.beyond(picture.frame.data, flags, settings), name)
        elif self._search.found is not None:
            self._add_of_run(self._search.found, settings, flags, name)
        elif not self._search.busy:
            self._session.tell("Looking through the run for its mean and maximum first.")
            looked_for = self._pane.hot.form.value()
            self._search.find(looked_for, lambda found: self._add_of_run(found, settings, flags, name))
        else:
            self._complain("The run is being looked through: add the threshold when that is done.")

    def _add_of_run(self, found: Found, settings: adding.ThresholdSettings, flags: FlagImage, name: str) -> None:
        values = found.mean if settings.source == adding.MEAN else found.maximum
        if values.shape == flags.shape:
            self._work_out(lambda: adding.beyond(values, flags, settings), name)

    def _work_out(self, work: Callable[[], BoolImage], name: str) -> None:
        use = self._use()
        run_task(work, lambda covered: self.take_pixels(covered, name, use), self._failed, name="mask part")

    def _use(self) -> bool:
        return self._pane.draw.use_again.isChecked()

    def _failed(self, error: Exception) -> None:
        self._complain(error.sentence() if isinstance(error, FriedelError) else f"{error}.")
