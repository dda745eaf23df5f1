"""Inspect → Denoise: everything about denoising a frame in one pane, arranged for the room there is."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QPalette, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QSplitter,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.denoise.curves import CurvePanel
from widgets.denoise.facts_panel import FactsPanel
from widgets.denoise.method_panel import MethodPanel
from widgets.denoise.picture_panel import PicturePanel
from widgets.phase.narrow import ShortLabel, shorten

WIDE_FROM_PX = 1000
PICTURES, METHOD, FACTS, PROFILE, SPECTRUM = "pictures", "method", "facts", "profile", "spectrum"
_TITLES = {
    PICTURES: ("Compare", "Before and after"),
    METHOD: ("Method", "Method and parameters"),
    FACTS: ("Result", "Photons, speckles, what is certain and what is guessed"),
    PROFILE: ("Profile", "Means over rings about the beam, before and after"),
    SPECTRUM: ("Spectrum", "Power spectrum before and after"),
}
_NARROW = (PICTURES, METHOD, FACTS, PROFILE, SPECTRUM)


class DenoisePane(QWidget):
    """Wide: method left, pictures in the middle, curves and result right. Narrow: one page at a time."""

    shown = pyqtSignal()
    """the pane came on screen"""
    stop_wanted = pyqtSignal()
    frames_wanted = pyqtSignal()
    """many frames are to be denoised into a file"""
    phasing_wanted = pyqtSignal(str)
    """the result is to be phased; which way, "" for the usual one"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.method = MethodPanel()
        self.pictures = PicturePanel()
        self.facts = FactsPanel()
        self.profile = CurvePanel("Radial profile", "Means over rings of the frame before and after stand here.")
        self.spectrum = CurvePanel("Power spectrum", "How much structure of which size there is, before and after.")
        self._pages: dict[str, QWidget] = {
            PICTURES: self.pictures, METHOD: self.method, FACTS: self.facts, PROFILE: self.profile,
            SPECTRUM: self.spectrum,
        }  # fmt: skip
        self._subject, self._about = QLabel(), ShortLabel()
        self._subject.setFont(theme.title_font(self.font()))
        self.frames = _button("Denoise frames…", "file", "Denoise this frame, the selection, a class or all frames")
        self.phasing = _button("Use for phasing", "step", "Reconstruct from the denoised frame, marked as such")
        self.phasing.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._ways = QMenu(self.phasing)
        self._ways.setToolTipsVisible(True)
        self.phasing.setMenu(self._ways)
        self.larger = QToolButton()
        self.larger.setText("Larger")
        self.larger.setToolTip("This pane in a window of its own, and back")
        self.larger.setAutoRaise(True)
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 4, 0)
        head.setSpacing(8)
        head.addWidget(self._subject)
        head.addWidget(self._about, 1)
        for button in (self.frames, self.phasing, self.larger):
            head.addWidget(button)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._bar.setFixedSize(70, 6)
        self.stop = _button("Stop", "stop", "Give up what is being worked out; what is on screen stays")
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setContentsMargins(8, 2, 8, 2)
        self._problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head.insertWidget(1, self._bar)
        head.insertWidget(3, self.stop)
        self._said, self._doing = "", ""
        self._grave = False
        self._tabs = _tabs()
        self._left, self._right = QSplitter(Qt.Orientation.Vertical), QSplitter(Qt.Orientation.Vertical)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        for splitter in (self._across, self._left, self._right):
            splitter.setChildrenCollapsible(False)
        for widget in (self._left, self._tabs, self._right):
            self._across.addWidget(widget)
        self._across.setStretchFactor(1, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(head)
        box.addWidget(self._problem)
        box.addWidget(self._across, 1)
        self.setMinimumSize(320, 260)  # the window must not grow for it
        self._wide: bool | None = None
        self._arrange(False)
        self.stop.clicked.connect(self.stop_wanted)
        self.frames.clicked.connect(self.frames_wanted)
        self.phasing.clicked.connect(lambda: self.phasing_wanted.emit(""))
        self.set_subject("", "")
        self.set_state("", busy=False)

    # -- for who feeds it ------------------------------------------------------------------------------------------

    def set_subject(self, title: str, about: str) -> None:
        """Which frame this is about, and its light in a few words."""
        self._subject.setText(title or "Denoise")
        self._said = about
        self._show_words()

    def set_state(self, sentence: str, busy: bool, grave: bool = False) -> None:
        """What is going on, in place of what is said of the frame; or what went wrong (`grave`), below it."""
        words = f"{sentence[:1].upper()}{sentence[1:]}"
        self._doing = words if busy else ""
        self._problem.setText("" if busy else words)
        self._problem.setVisible(bool(words) and not busy)
        self._grave = grave
        self._bar.setVisible(busy)
        self.stop.setVisible(busy)
        self._show_words()
        self._follow_palette()

    def state(self) -> str:
        """What is said to go on, or to have gone wrong."""
        return self._doing or self._problem.text()

    def _show_words(self) -> None:
        self._about.setText(self._doing or self._said)

    def set_ways(self, ways: list[tuple[str, str, str]]) -> None:
        """(id, title, tool tip) of the ways to phase a denoised frame."""
        self._ways.clear()
        for way, title, tip in ways:
            action = QAction(title, self._ways)
            action.setToolTip(tip)
            action.triggered.connect(lambda _on=False, chosen=way: self.phasing_wanted.emit(chosen))
            self._ways.addAction(action)

    def show_page(self, name: str) -> None:
        """Bring a page (`PICTURES`, `METHOD` …) to the front where there are pages."""
        if self._tabs.indexOf(self._pages[name]) >= 0:
            self._tabs.setCurrentWidget(self._pages[name])

    @property
    def wide(self) -> bool:
        return bool(self._wide)

    # -- inside ----------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.shown.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange(self.width() >= WIDE_FROM_PX)
        shorten((self.frames, self.phasing), self.width() < 640)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_wide"):
            self._follow_palette()

    def _arrange(self, wide: bool) -> None:
        if wide == self._wide:
            return
        self._wide = wide
        front = self._tabs.currentWidget()
        while self._tabs.count():
            self._tabs.removeTab(0)
        if wide:
            self._left.addWidget(self.method)
            self._left.addWidget(self.facts)
            self._tabs.addTab(self.pictures, "")
            self._right.addWidget(self.profile)
            self._right.addWidget(self.spectrum)
            for page in (self.method, self.facts, self.profile, self.spectrum):
                page.show()
            width = max(self.width(), WIDE_FROM_PX)
            left, right = min(400, max(280, round(0.22 * width))), min(520, max(300, round(0.26 * width)))
            self._across.setSizes([left, width - left - right, right])
            self._left.setSizes([self.height() * 45 // 100, self.height() * 55 // 100])
        else:
            for name in _NARROW:
                title, tip = _TITLES[name]
                self._tabs.setTabToolTip(self._tabs.addTab(self._pages[name], title), tip)
            if front is not None and self._tabs.indexOf(front) >= 0:
                self._tabs.setCurrentWidget(front)
        bar = self._tabs.tabBar()
        assert bar is not None
        bar.setVisible(not wide)
        self._left.setVisible(wide)
        self._right.setVisible(wide)

    def _follow_palette(self) -> None:
        colours = QPalette(self.palette())
        colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
        self._about.setPalette(colours)
        ink = theme.error_colour if self._grave else theme.faint_text
        colours.setColor(QPalette.ColorRole.WindowText, ink(self.palette()))
        self._problem.setPalette(colours)


def _tabs() -> QTabWidget:
    tabs = QTabWidget()
    tabs.setDocumentMode(True)
    tabs.setUsesScrollButtons(True)
    return tabs


def _button(title: str, icon: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(title)
    button.setIcon(icons.tool_icon(icon))
    button.setToolTip(tip)
    button.setAutoRaise(True)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
