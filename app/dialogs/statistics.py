"""The pictures of a pass over the run: mean, deviation, maximum, lit pixels; of all frames or of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QComboBox, QDialog, QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.jobs.threads import LatestWorker
from models.display import DisplaySettings, Picture, Scaling, prepare
from models.errors import FriedelError
from models.runs.types import Frame, PixelFlag
from widgets.frame_view import FrameView
from widgets.text import counted

if TYPE_CHECKING:
    from app.session import RunSession
    from models.statistics.types import PixelStatistics, RunStatistics

MEAN, DEVIATION, MAXIMUM, LIT = "mean", "deviation", "maximum", "lit"
_KINDS = (
    (MEAN, "Mean", "Mean of every pixel over the frames in which it may be used"),
    (DEVIATION, "Standard deviation", "Of every pixel from frame to frame"),
    (MAXIMUM, "Maximum", "Largest value that every pixel had"),
    (LIT, "Lit pixels", "Share of the frames in which a pixel was lit"),
)
SIZE = (820, 760)


class StatisticsDialog(QDialog):
    """Stays beside the window; a new pass changes what it shows."""

    def __init__(self, session: RunSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statistics")
        self.setWindowTitle(f"Statistics of {session.run.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self._session = session
        self._made: RunStatistics | None = None
        self.of, self.kind = QComboBox(), QComboBox()
        for name, title, tip in _KINDS:
            self.kind.addItem(title, name)
            self.kind.setItemData(self.kind.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.again = QPushButton("Go through the run")
        self.again.setToolTip("Read every frame, in the background; frames that you labelled also by class")
        self.export = QPushButton("Export…")
        self.export.setToolTip("Write all of these pictures into one HDF5 file")
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.view = FrameView(DisplaySettings(scaling=Scaling.SQRT))
        for button in (self.again, self.export):
            button.setAutoDefault(False)
        self.of.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        line = QHBoxLayout()
        for label, widget in (("Of", self.of), ("Show", self.kind)):
            line.addWidget(QLabel(label))
            line.addWidget(widget)
        line.addStretch(1)
        line.addWidget(self.export)
        line.addWidget(self.again)
        box = QVBoxLayout(self)
        box.addLayout(line)
        box.addWidget(self.said)
        box.addWidget(self.view, 1)
        self._painter = LatestWorker("statistics pictures")
        self.of.currentIndexChanged.connect(lambda _place: self._paint())
        self.kind.currentIndexChanged.connect(lambda _place: self._paint())
        self.view.picture_wanted.connect(lambda _settings: self._paint())
        self.again.clicked.connect(self._start)
        self.export.clicked.connect(self._export)
        self.finished.connect(lambda _result: self._painter.close())
        session.statistics.ready.connect(self.show_statistics)
        session.statistics.ended.connect(self._show_state)
        session.destroyed.connect(self.close)
        self.view.set_rings(*session.rings())
        self.view.set_geometry_readout(session.geometry_readout())
        if session.statistics.made is not None:
            self.show_statistics(session.statistics.made)
        else:
            self._show_state()
            self.view.show_message("Go through the run to see its mean, deviation and maximum.", "Not looked at yet")

    def show_statistics(self, made: RunStatistics) -> None:
        """Show these from now on."""
        self._made = made
        chosen = self.of.currentData()
        self.of.blockSignals(True)
        self.of.clear()
        self.of.addItem("all frames", None)
        for name, group in made.by_class.items():
            self.of.addItem(f"{name or 'no class'} ({counted(group.frames, 'frame')})", name)
        self.of.setCurrentIndex(max(0, self.of.findData(chosen)))
        self.of.blockSignals(False)
        self._show_state()
        self._paint()

    def _start(self) -> None:
        self._session.statistics.start()
        self._show_state()

    def _show_state(self) -> None:
        running, made = self._session.statistics.running, self._made
        self.again.setEnabled(not running)
        self.export.setEnabled(made is not None)
        if running:
            self.said.setText("Going through the run: how far is said in the status bar and under Jobs.")
        elif made is None:
            self.said.setText("")
        else:
            left = f", {counted(len(made.unreadable), 'frame')} unreadable" if made.unreadable else ""
            self.said.setText(
                f"{counted(made.whole.frames, 'frame')}{left}. Lit: from {made.lit_from:g} {made.unit} on. Sum, lit "
                "pixels and maximum of every frame are columns of the run now: to sort by and to colour the map by."
            )

    def _group(self) -> PixelStatistics | None:
        if self._made is None:
            return None
        name = self.of.currentData()
        return self._made.whole if name is None else self._made.by_class[name]

    def _paint(self) -> None:
        group, made = self._group(), self._made
        if group is None or made is None:
            return
        kind, settings = self.kind.currentData(), self.view.settings
        self.view.set_unit({LIT: "of frames"}.get(kind, made.unit))

        def work() -> Picture:
            return prepare(_frame(group, kind), settings)

        self._painter.submit(work, self.view.show_picture, self._unpainted)

    def _unpainted(self, error: Exception) -> None:
        self.said.setText(f"The picture cannot be drawn: {error}")

    def _export(self) -> None:
        from models.workspace.statistics import save_statistics

        name = f"{self._session.run.path.stem}-statistics.h5"
        path, _ = QFileDialog.getSaveFileName(self, "Export statistics", name, "HDF5 (*.h5)")
        if path and self._made is not None:
            from pathlib import Path

            try:
                save_statistics(Path(path), self._made, run_digest=self._session.run.identity.pixels)
            except FriedelError as error:
                self.said.setText(error.sentence())
            else:
                self.said.setText(f"Written to {path}.")


def _frame(group: PixelStatistics, kind: str) -> Frame:
    values: Any = {
        MEAN: lambda: group.mean,
        DEVIATION: lambda: np.sqrt(group.variance),
        MAXIMUM: lambda: group.maximum,
        LIT: lambda: group.lit_fraction,
    }[kind]()
    flags = np.where(group.count == 0, np.uint8(PixelFlag.MASKED), np.uint8(0)).astype(np.uint8)
    return Frame(0, np.ascontiguousarray(values, np.float32), flags)
