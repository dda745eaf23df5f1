"""Inspect → Phase: all views of a reconstruction in one pane, arranged for the room there is."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QPalette, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QTabWidget, QToolButton, QVBoxLayout, QWidget

from widgets import theme
from widgets.phase.amplitudes import AmplitudeView
from widgets.phase.compare_view import CompareView
from widgets.phase.curve_plot import ErrorCurves
from widgets.phase.history_panel import HistoryPanel
from widgets.phase.narrow import ShortLabel
from widgets.phase.object_view import ObjectView
from widgets.phase.preparation_panel import PreparationPanel
from widgets.phase.prtf_plot import PrtfPanel
from widgets.phase.recipe_panel import RecipePanel
from widgets.phase.starts_table import StartsTable
from widgets.phase.support_editor import SupportEditor
from widgets.phase.transport import Transport
from widgets.phase.trust_view import TrustView

WIDE_FROM_PX = 1080
RECIPE, PREPARE = "recipe", "prepare"
OBJECT, AMPLITUDES, COMPARE, SUPPORT = "object", "amplitudes", "compare", "support"
CURVES, STARTS, TRUST, PRTF, RESULTS = "curves", "starts", "trust", "prtf", "results"
_TITLES = {
    OBJECT: ("Object", "The object as it is reconstructed"),
    AMPLITUDES: ("Amplitudes", "Measured against calculated amplitudes"),
    COMPARE: ("Compare", "Two starts or results side by side"),
    SUPPORT: ("Support", "Draw where the object may be"),
    RECIPE: ("Recipe", "Preset, schedule and parameters"),
    PREPARE: ("Prepare", "From the frame to the pattern, step by step"),
    CURVES: ("Errors", "R factor and free log-likelihood over the iterations"),
    STARTS: ("Starts", "All random starts, ranked"),
    TRUST: ("Trust", "How far to believe the result"),
    PRTF: ("PRTF", "Up to which resolution the starts agree"),
    RESULTS: ("Results", "Results of this frame that are kept"),
}
_LEFT, _MIDDLE, _RIGHT = (RECIPE, PREPARE), (OBJECT, AMPLITUDES, COMPARE, SUPPORT), (STARTS, TRUST, PRTF, RESULTS)
_NARROW = (OBJECT, AMPLITUDES, RECIPE, CURVES, STARTS, TRUST, PRTF, RESULTS, COMPARE, SUPPORT, PREPARE)


class PhasePane(QWidget):
    """Wide: recipe left, pictures in the middle, curves, starts and trust right. Narrow: one page at a time."""

    page_changed = pyqtSignal()
    """other pages are on screen"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.transport = Transport()
        self.recipe = RecipePanel()
        self.preparation = PreparationPanel()
        self.object = ObjectView()
        self.amplitudes = AmplitudeView()
        self.compare = CompareView()
        self.support = SupportEditor()
        self.curves = ErrorCurves()
        self.starts = StartsTable()
        self.trust = TrustView()
        self.prtf = PrtfPanel()
        self.results = HistoryPanel()
        self._pages: dict[str, QWidget] = {
            RECIPE: self.recipe, PREPARE: self.preparation, OBJECT: self.object, AMPLITUDES: self.amplitudes,
            COMPARE: self.compare, SUPPORT: self.support, CURVES: self.curves, STARTS: self.starts,
            TRUST: self.trust, PRTF: self.prtf, RESULTS: self.results,
        }  # fmt: skip
        self._subject = QLabel()
        self._subject.setFont(theme.title_font(self.font()))
        self._about = ShortLabel()
        self.larger = QToolButton()
        self.larger.setText("Larger")
        self.larger.setToolTip("This pane in a window of its own, and back")
        self.larger.setAutoRaise(True)
        self._notice = QLabel()
        self._notice.setWordWrap(True)
        self._notice.setContentsMargins(8, 2, 8, 2)
        self._notice.hide()
        self._grave = True
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 4, 0)
        head.setSpacing(12)
        head.addWidget(self._subject)
        head.addWidget(self._about, 1)
        head.addWidget(self.larger)
        self._tabs = {name: _tabs() for name in ("left", "middle", "right")}
        self._down = QSplitter(Qt.Orientation.Vertical)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        for splitter in (self._down, self._across):
            splitter.setChildrenCollapsible(False)
        for tabs in self._tabs.values():
            tabs.currentChanged.connect(lambda _at: self.page_changed.emit())
        self._across.addWidget(self._tabs["left"])
        self._across.addWidget(self._tabs["middle"])
        self._across.addWidget(self._down)
        self._down.addWidget(self._tabs["right"])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(head)
        box.addWidget(self.transport)
        box.addWidget(self._notice)
        box.addWidget(self._across, 1)
        self.setMinimumSize(320, 260)  # pages that need more are scrolled or cut: the window must not grow for them
        self._wide: bool | None = None
        self._arrange(False)
        self.object.mode_changed.connect(self.compare.set_mode)
        self.compare.mode_changed.connect(self.object.set_mode)
        self.curves.seed_chosen.connect(self.starts.watch_wanted)
        self.set_subject("", "")
        self._follow_palette()

    # -- for who feeds it ------------------------------------------------------------------------------------------

    def set_subject(self, title: str, about: str) -> None:
        """Which frame this is about, and its pattern in a few words."""
        self._subject.setText(title or "Phase retrieval")
        self._about.setText(about)

    def show_problem(self, sentence: str) -> None:
        """Say what went wrong, above the views; "" takes it away."""
        self._say(sentence, grave=True)

    def show_note(self, sentence: str) -> None:
        """Say what happened that is no failure, in the same place."""
        self._say(sentence, grave=False)

    def _say(self, sentence: str, grave: bool) -> None:
        self._grave = grave
        self._notice.setText(f"{sentence[:1].upper()}{sentence[1:]}")
        self._notice.setVisible(bool(sentence))
        self._follow_palette()

    def problem(self) -> str:
        """What is said to have gone wrong."""
        return self._notice.text()

    def show_page(self, name: str) -> None:
        """Bring a page (`OBJECT`, `STARTS` …) to the front of its tabs."""
        page = self._pages[name]
        for tabs in self._tabs.values():
            if tabs.indexOf(page) >= 0:
                tabs.setCurrentWidget(page)

    def shows(self, name: str) -> bool:
        """Whether a page is on screen."""
        return self._pages[name].isVisible()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.page_changed.emit()

    @property
    def wide(self) -> bool:
        return bool(self._wide)

    # -- inside ----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange(self.width() >= WIDE_FROM_PX)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_wide"):
            self._follow_palette()

    def _arrange(self, wide: bool) -> None:
        if wide == self._wide:
            return
        self._wide = wide
        front = [tabs.currentWidget() for tabs in self._tabs.values()]
        for tabs in self._tabs.values():
            while tabs.count():
                tabs.removeTab(0)
        if wide:
            for name, pages in (("left", _LEFT), ("middle", _MIDDLE), ("right", _RIGHT)):
                self._fill(name, pages)
            self._down.insertWidget(0, self.curves)
            self.curves.show()
            width = max(self.width(), WIDE_FROM_PX)
            left, right = min(380, max(288, round(0.2 * width))), min(620, max(430, round(0.34 * width)))
            self._across.setSizes([left, width - left - right, right])
            self._across.setStretchFactor(1, 1)
            self._down.setSizes([self.height() * 4 // 10, self.height() * 6 // 10])
        else:
            self._fill("middle", _NARROW)
        self._tabs["left"].setVisible(wide)
        self._down.setVisible(wide)
        for page in front:
            for tabs in self._tabs.values():
                if page is not None and tabs.indexOf(page) >= 0:
                    tabs.setCurrentWidget(page)

    def _fill(self, name: str, pages: tuple[str, ...]) -> None:
        for page in pages:
            title, tip = _TITLES[page]
            place = self._tabs[name].addTab(self._pages[page], title)
            self._tabs[name].setTabToolTip(place, tip)

    def _follow_palette(self) -> None:
        colours = QPalette(self.palette())
        colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
        self._about.setPalette(colours)
        ink = theme.error_colour if self._grave else theme.faint_text
        colours.setColor(QPalette.ColorRole.WindowText, ink(self.palette()))
        self._notice.setPalette(colours)


def _tabs() -> QTabWidget:
    tabs = QTabWidget()
    tabs.setDocumentMode(True)
    tabs.setUsesScrollButtons(True)
    return tabs
