"""The Mask page: what is not used and why, the file's mask, the user's, hot and dead pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.detector.mask_add_panel import MaskAddPanel, Part
from widgets.detector.mask_draw_panel import MaskDrawPanel
from widgets.detector.mask_facts import MaskCounts
from widgets.detector.mask_file_panel import FileMaskPanel
from widgets.detector.mask_hot_panel import HotDeadPanel
from widgets.detector.mask_steps import MaskSteps


class MaskPane(QWidget):
    """All of it in one column, with Apply under it."""

    export_wanted = pyqtSignal(str)
    """form, as `models.masking.export` names them"""
    seen_changed = pyqtSignal(bool)
    """the page is looked at, or not any more"""

    def __init__(
        self,
        parts: Sequence[Part],
        hot_dead: Any,
        kinds: Mapping[str, str],
        forms: Mapping[str, str],
        parent: QWidget | None = None,
    ) -> None:
        """What can be added, the settings of the search for hot pixels, its kinds, and the forms of export."""
        super().__init__(parent)
        self._counts = MaskCounts(0, 0)
        self._headline, self._reasons = QLabel(), QLabel()
        self._headline.setFont(theme.title_font(self.font()))
        for label in (self._headline, self._reasons):
            label.setWordWrap(True)
        self.file = FileMaskPanel()
        self.draw = MaskDrawPanel()
        self.steps = MaskSteps()
        self.adding = MaskAddPanel(parts)
        self.hot = HotDeadPanel(hot_dead, kinds)
        self.clear = self._plain("Clear", "Delete all steps; can be taken back")
        self.import_ = self._plain("Import…", "A mask from a file: NumPy, HDF5, CXI, TIFF, or Dragonfly's bytes")
        self.export = QToolButton()
        self.export.setText("Export")
        self.export.setToolTip("Everything that is not used, as a file for other programs")
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.export)
        for form, title in forms.items():
            action = menu.addAction(title)
            assert action is not None
            action.triggered.connect(lambda _on, name=form: self.export_wanted.emit(name))
        self.export.setMenu(menu)
        self.apply = QPushButton("Apply")
        self.apply.setToolTip("Use the run with this mask: display, sorting, denoising and phasing alike")
        self.revert = self._plain("Revert", "Back to the mask that is applied")
        self.apply.setAutoDefault(False)
        self._state = QLabel()
        self._state.setWordWrap(True)

        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        column.addWidget(self._headline)
        column.addWidget(self._reasons)
        self._section(column, "The file's mask", self.file)
        self._section(column, "Your mask", self.draw)
        column.addWidget(self.steps)
        column.addWidget(self.adding)
        files = QHBoxLayout()
        for button in (self.clear, self.import_, self.export):
            files.addWidget(button)
        files.addStretch(1)
        column.addLayout(files)
        self._section(column, "Hot and dead pixels", self.hot)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 4, 8, 6)
        foot.addWidget(self._state, 1)
        foot.addWidget(self.revert)
        foot.addWidget(self.apply)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(scroll, 1)
        box.addLayout(foot)
        self.set_counts(None)
        self.set_pending(False)

    def set_counts(self, counts: MaskCounts | None) -> None:
        """How much of the frame on screen is not used; None without a frame."""
        self._counts = counts or MaskCounts(0, 0)
        words = self._counts.headline or "Open a run: its mask is shown here."
        colour = self.palette().color(self._headline.foregroundRole())
        if self._counts.everything:
            words = "100 % masked: no pixel of this frame is left. Is the mask the wrong way round?"
            colour = theme.warning_colour(self.palette())
        self._headline.setText(words)
        colours = self._headline.palette()
        colours.setColor(self._headline.foregroundRole(), colour)
        self._headline.setPalette(colours)
        self._reasons.setText(self._counts.reasons)
        self._reasons.setVisible(bool(self._counts.reasons))

    @property
    def headline(self) -> str:
        """What is said first."""
        return self._headline.text()

    def set_pending(self, pending: bool, *, applying: bool = False) -> None:
        """Whether there is anything to apply."""
        self.apply.setEnabled(pending and not applying)
        self.revert.setEnabled(pending and not applying)
        self._state.setText("Applying…" if applying else "Changed, not applied yet" if pending else "")

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.seen_changed.emit(True)

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self.seen_changed.emit(False)

    def _section(self, column: QVBoxLayout, title: str, widget: QWidget) -> None:
        caption = QLabel(title)
        caption.setFont(theme.title_font(self.font()))
        column.addSpacing(6)
        column.addWidget(caption)
        column.addWidget(widget)

    @staticmethod
    def _plain(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setToolTip(tip)
        return button
