"""Feeds the Detector pane: its three pages, and the line above them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from models.treatment.types import Treatment
from widgets.detector.pane import CALIBRATION, GEOMETRY, MASK, DetectorPane

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession


class PagePresenter(Protocol):
    """What feeds one page."""

    pane: Any

    def show_session(self, session: RunSession | None) -> None: ...


class DetectorPresenter(QObject):
    """One pane, one session at a time."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        from app.detector.calibration_presenter import CalibrationPresenter
        from app.detector.geometry_presenter import GeometryPresenter
        from app.detector.mask_presenter import MaskPresenter

        self._window = window
        self.calibration = CalibrationPresenter(window)
        self.geometry = GeometryPresenter(window)
        self.mask = MaskPresenter(window)
        self._pages: Mapping[str, PagePresenter] = {
            CALIBRATION: self.calibration,
            GEOMETRY: self.geometry,
            MASK: self.mask,
        }
        widgets: dict[str, QWidget] = {name: page.pane for name, page in self._pages.items()}
        self.pane = DetectorPane(widgets)
        self.pane.back.clicked.connect(window.treating.back)
        self.pane.forward.clicked.connect(window.treating.forward)
        window.treating.changed.connect(self._say)

    def show_session(self, session: RunSession | None) -> None:
        """Follow an open run from now on; None clears everything."""
        for page in self._pages.values():
            page.show_session(session)
        self._say()

    def show_apart(self, apart: bool) -> None:
        """Whether the pane has a window of its own."""
        self.pane.larger.setText("Back" if apart else "Larger")

    def show_page(self, name: str) -> None:
        """Bring a page to the front: "calibration", "geometry" or "mask"."""
        self.pane.show_page(name)

    def _say(self) -> None:
        session, treating = self._window.session, self._window.treating
        text = "Open a run first." if session is None else words_of(session.treatment)
        self.pane.say(text, session is not None and treating.can_go_back, treating.can_go_forward)


def words_of(treatment: Treatment) -> str:
    """What is done to the frames, in a line."""
    if treatment.is_nothing:
        return "Frames as stored."
    parts = [
        word
        for word, nothing in (
            ("calibrated", treatment.calibration.is_nothing),
            ("placed by your geometry", treatment.geometry.is_nothing),
            ("masked by you", treatment.masking.is_nothing),
        )
        if not nothing
    ]
    said = " and ".join(parts) if len(parts) < 3 else f"{parts[0]}, {parts[1]} and {parts[2]}"
    return f"Frames are {said}: for display, sorting, denoising and phasing alike."
