"""All about the verdicts in one pane: which classifier they come from, what they are, how far to trust them."""

from __future__ import annotations

from PyQt6.QtWidgets import QTabWidget, QToolButton, QVBoxLayout, QWidget

from widgets.trust.classifier_bar import ClassifierBar
from widgets.trust.keep_panel import KeepPanel
from widgets.trust.trust_panel import TrustPanel
from widgets.verdict_panel import VerdictPanel

VERDICTS, TRUST, KEEP = "verdicts", "trust", "keep"


class SortingPane(QWidget):
    """The classifier's line above three pages: verdicts and confusion, calibration, frames to keep."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = ClassifierBar()
        self.verdicts = VerdictPanel()
        self.trust = TrustPanel()
        self.keep = KeepPanel()
        self._pages: dict[str, QWidget] = {VERDICTS: self.verdicts, TRUST: self.trust, KEEP: self.keep}
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        for name, title, tip in (
            (VERDICTS, "Verdicts", "Confidence of all verdicts, and your labels against them"),
            (TRUST, "Trust", "Whether stated confidence can be taken at its word"),
            (KEEP, "Keep", "Precision and yield: which frames to keep"),
        ):
            place = self._tabs.addTab(self._pages[name], title)
            self._tabs.setTabToolTip(place, tip)
        self.larger = QToolButton()
        self.larger.setText("Larger")
        self.larger.setToolTip("This pane in a window of its own, and back")
        self.larger.setAutoRaise(True)
        self._tabs.setCornerWidget(self.larger)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.bar)
        box.addWidget(self._tabs, 1)

    def show_page(self, name: str) -> None:
        """Bring a page to the front: `VERDICTS`, `TRUST` or `KEEP`."""
        self._tabs.setCurrentWidget(self._pages[name])

    def page(self) -> str:
        """The page in front."""
        return next(name for name, page in self._pages.items() if page is self._tabs.currentWidget())
