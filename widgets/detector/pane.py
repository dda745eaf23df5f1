"""What is done to frames before anybody looks at them, in one pane: calibration, geometry, mask."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QTabWidget, QToolButton, QVBoxLayout, QWidget

CALIBRATION, GEOMETRY, MASK = "calibration", "geometry", "mask"
TITLES = {
    CALIBRATION: ("Calibration", "From stored values to photons: pedestal, common mode, gain"),
    GEOMETRY: ("Geometry", "Where the pixels are: panels, distance, energy, beam centre"),
    MASK: ("Mask", "Which pixels are not used: the file's mask, and yours"),
}


class DetectorPane(QWidget):
    """Three pages under one line that says what is done now, with the way back."""

    shown = pyqtSignal(str)
    """a page was brought to the front: `CALIBRATION` …"""

    def __init__(self, pages: dict[str, QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages = pages
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        for name, page in pages.items():
            title, tip = TITLES[name]
            self._tabs.setTabToolTip(self._tabs.addTab(page, title), tip)
        self.larger = QToolButton()
        self.larger.setText("Larger")
        self.larger.setToolTip("This pane in a window of its own, and back")
        self.larger.setAutoRaise(True)
        self._tabs.setCornerWidget(self.larger)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self.back, self.forward = QToolButton(), QToolButton()
        for button, text, tip in (
            (self.back, "Undo", "Treat the frames as before the last change"),
            (self.forward, "Redo", "Treat them again as before going back"),
        ):
            button.setText(text)
            button.setToolTip(tip)
            button.setAutoRaise(True)
        line = QHBoxLayout()
        line.setContentsMargins(8, 4, 4, 4)
        line.addWidget(self._said, 1)
        line.addWidget(self.back)
        line.addWidget(self.forward)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(line)
        box.addWidget(self._tabs, 1)
        self._tabs.currentChanged.connect(lambda _place: self.shown.emit(self.page()))

    def say(self, text: str, can_go_back: bool, can_go_forward: bool) -> None:
        """What is done to the frames now, in a line."""
        self._said.setText(text)
        self.back.setEnabled(can_go_back)
        self.forward.setEnabled(can_go_forward)

    def show_page(self, name: str) -> None:
        """Bring a page to the front."""
        self._tabs.setCurrentWidget(self._pages[name])

    def page(self) -> str:
        """The page in front."""
        return next(name for name, page in self._pages.items() if page is self._tabs.currentWidget())

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.shown.emit(self.page())
