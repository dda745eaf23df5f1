"""The pane of the first start: what Friedel does, and the ways to begin."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from widgets import icons, theme
from widgets.recent_list import RecentList, RecentRun

_STEPS = (
    "<b>Browse</b>: open a run of diffraction frames and see all of them at once as a map.",
    "<b>Label</b>: give a handful of frames a class with the keys 1 … 9.",
    "<b>Sort</b>: every frame gets a class and a confidence; export the ones you want.",
)


class WelcomePane(QWidget):
    """Open a file or folder, the demo run or a recent run, list a folder of runs; files can be dropped anywhere."""

    open_file_requested = pyqtSignal()
    open_folder_requested = pyqtSignal()
    open_runs_requested = pyqtSignal()
    demo_requested = pyqtSignal()
    recent_chosen = pyqtSignal(str)
    """path of a recent run"""
    dropped = pyqtSignal(list)
    """list[str]: paths of files and folders dropped on the pane"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._over = False
        self.setAcceptDrops(True)
        column = QWidget()
        column.setMaximumWidth(560)
        box = QVBoxLayout(column)
        box.setContentsMargins(24, 24, 24, 24)
        box.setSpacing(8)

        title = QLabel("Friedel")
        title.setFont(theme.title_font(self.font(), 2.4))
        box.addWidget(title)
        self._subtitle = QLabel("A workbench for coherent X-ray diffraction frames")
        box.addWidget(self._subtitle)
        box.addSpacing(8)
        for step in _STEPS:
            line = QLabel(step)
            line.setWordWrap(True)
            box.addWidget(line)
        box.addSpacing(12)

        self.demo_button = QPushButton("Open the demo run")
        self.demo_button.setDefault(True)
        self.demo_button.setToolTip("2 000 simulated frames that come with Friedel: everything can be tried on them")
        self.demo_button.setFont(theme.title_font(self.font()))
        self.file_button = QPushButton("Open file…")
        self.file_button.setIcon(icons.tool_icon("file"))
        self.file_button.setToolTip("CXI, HDF5, NeXus, NPY, NPZ or TIFF")
        self.folder_button = QPushButton("Open folder…")
        self.folder_button.setIcon(icons.tool_icon("folder"))
        self.folder_button.setToolTip("A folder that is one run: TIFF, EDF or CBF frames, or European XFEL's files")
        self.runs_button = QPushButton("Folder of runs…")
        self.runs_button.setIcon(icons.tool_icon("folder"))
        self.runs_button.setToolTip("List the runs of a folder and its sub-folders in a table")
        buttons = QHBoxLayout()
        for button in (self.file_button, self.folder_button, self.runs_button, self.demo_button):
            button.setMinimumHeight(34)
            button.setIconSize(QSize(16, 16))
            buttons.addWidget(button, 1)
        box.addLayout(buttons)
        self._hint = QLabel("or drop a file or a folder here")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box.addWidget(self._hint)

        self._recent_title = QLabel("Recent runs")
        self._recent_title.setFont(theme.title_font(self.font()))
        self._recent = RecentList(most=6, single_click=True)
        self._recent.chosen.connect(self.recent_chosen)
        box.addSpacing(8)
        box.addWidget(self._recent_title)
        box.addWidget(self._recent)

        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(column, 8)
        across.addStretch(1)
        down = QVBoxLayout(self)
        down.addStretch(1)
        down.addLayout(across)
        down.addStretch(2)

        self.file_button.clicked.connect(self.open_file_requested)
        self.folder_button.clicked.connect(self.open_folder_requested)
        self.runs_button.clicked.connect(self.open_runs_requested)
        self.demo_button.clicked.connect(self.demo_requested)
        self.set_recent(())
        self._colour()

    def set_recent(self, runs: Sequence[RecentRun]) -> None:
        """List the runs opened before, newest first; missing ones are greyed."""
        self._recent.set_runs(runs)
        self._recent_title.setVisible(bool(runs))
        self._recent.setVisible(bool(runs))

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        if event is not None and _local_paths(event):
            event.acceptProposedAction()
            self._over = True
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent | None) -> None:
        self._over = False
        self.update()

    def dropEvent(self, event: QDropEvent | None) -> None:
        self._over = False
        self.update()
        if event is None:
            return
        paths = _local_paths(event)
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        if not self._over:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(8, 8, -8, -8), 8, 8)

    def _colour(self) -> None:
        for label in (self._subtitle, self._hint):
            colours = label.palette()
            colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
            label.setPalette(colours)
        # The one thing a newcomer should press.
        inviting = self.palette()
        inviting.setColor(QPalette.ColorRole.Button, inviting.color(QPalette.ColorRole.Highlight).darker(118))
        inviting.setColor(QPalette.ColorRole.ButtonText, inviting.color(QPalette.ColorRole.HighlightedText))
        self.demo_button.setPalette(inviting)


def _local_paths(event: QDropEvent) -> list[str]:
    data = event.mimeData()
    if data is None or not data.hasUrls():
        return []
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
