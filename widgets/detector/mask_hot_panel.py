"""Hot and dead pixels: how strictly to look, how far the job is, what it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from widgets.parameter_form import ParameterForm
from widgets.text import counted, grouped
from widgets.ticks import TickBox

_FEW_FRAMES = 50


class HotDeadPanel(QWidget):
    """Find, look at, add."""

    find_wanted = pyqtSignal(object)
    """the settings of the form"""
    cancel_wanted = pyqtSignal()
    preview_changed = pyqtSignal()
    """other kinds are ticked, or the preview was switched"""
    add_wanted = pyqtSignal()

    def __init__(self, settings: Any, kinds: Mapping[str, str], parent: QWidget | None = None) -> None:
        """`kinds`: what can be found, with what it means."""
        super().__init__(parent)
        self.form = ParameterForm(settings)
        self.find = QPushButton("Find in the run")
        self.find.setToolTip("Look through the frames of the run and compare every pixel with its neighbours")
        self.cancel = QPushButton("Cancel")
        self.add = QPushButton("Add to your mask")
        for button in (self.find, self.cancel, self.add):
            button.setAutoDefault(False)
        self.progress = QProgressBar()
        self._words = QLabel()
        self._words.setWordWrap(True)
        self.kinds: dict[str, TickBox] = {}
        self._found = QWidget()
        found = QVBoxLayout(self._found)
        found.setContentsMargins(0, 0, 0, 0)
        for kind, meaning in kinds.items():
            tick = self.kinds[kind] = TickBox(kind)
            tick.setToolTip(meaning)
            tick.setChecked(True)
            tick.clicked.connect(self.preview_changed)
            found.addWidget(tick)
        self.preview = TickBox("Show them on the frame")
        self.preview.setChecked(True)
        self.preview.clicked.connect(self.preview_changed)
        last = QHBoxLayout()
        last.addWidget(self.preview)
        last.addStretch(1)
        last.addWidget(self.add)
        found.addLayout(last)
        line = QHBoxLayout()
        line.addWidget(self.find)
        line.addWidget(self.progress, 1)
        line.addWidget(self.cancel)
        line.addStretch(0)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.form)
        box.addLayout(line)
        box.addWidget(self._words)
        box.addWidget(self._found)
        self.find.clicked.connect(lambda: self.find_wanted.emit(self.form.value()))
        self.cancel.clicked.connect(self.cancel_wanted)
        self.add.clicked.connect(self.add_wanted)
        self.show_idle()

    def show_idle(self, words: str = "") -> None:
        """No job, nothing found; `words` say why."""
        self._show(busy=False, found=False)
        self._words.setText(words)
        self._words.setVisible(bool(words))

    def show_progress(self, fraction: float | None, words: str) -> None:
        """The job is under way."""
        self._show(busy=True, found=False)
        self.progress.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self.progress.setValue(round(1000 * fraction))
        self.progress.setFormat(words or "%p %")
        self.progress.setToolTip(words)

    def show_found(self, counts: Mapping[str, int], frames: int) -> None:
        """What was found, in how many frames."""
        self._show(busy=False, found=True)
        total = sum(counts.values())
        few = ": few, look at them before you add them" if frames < _FEW_FRAMES else ""
        self._words.setText(f"{counted(total, 'pixel')} in the statistics of {counted(frames, 'frame')}{few}")
        self._words.show()
        for kind, tick in self.kinds.items():
            tick.setText(f"{grouped(counts.get(kind, 0))} {kind}")
            tick.setEnabled(counts.get(kind, 0) > 0)
            tick.setChecked(counts.get(kind, 0) > 0)
        self.add.setEnabled(total > 0)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The kinds that are ticked."""
        return tuple(kind for kind, tick in self.kinds.items() if tick.isChecked())

    def _show(self, *, busy: bool, found: bool) -> None:
        self.find.setVisible(not busy)
        self.find.setEnabled(True)
        for widget in (self.progress, self.cancel):
            widget.setVisible(busy)
        self._found.setVisible(found)
        if busy:
            self._words.hide()

    def set_possible(self, possible: bool) -> None:
        """Whether there is a run to look through."""
        self.find.setEnabled(possible)
