"""What adapting the denoising network to a run does, how long it takes, and its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from models.parameters import describe
from widgets.parameter_form import ParameterForm
from widgets.text import counted

MAIN = ("most_frames", "steps", "minutes")
"""what most people would change, if anything"""
EXPLAINS = (
    "The photons of this run's frames are divided at random: a copy of the network is shown a part and learns, for "
    "some minutes, to foretell the rest. No true rates are needed.",
    "It helps where detector, speckles or doses are unlike those the network was trained on. Frames it does not "
    "learn from say whether it did: only then the new weights are offered. The present ones stay in any case.",
)


class AdaptDenoiserDialog(QDialog):
    """Asks for frames and settings of an adaptation; `settings()` and `frames()` hold once it is accepted."""

    def __init__(
        self,
        settings: Any,
        choices: Sequence[tuple[str, Sequence[int]]],
        minutes: Callable[[Any], tuple[float, float]],
        parent: QWidget | None = None,
    ) -> None:
        """`choices`: sets of frames by title, the likeliest first. `minutes`: shortest and longest of settings."""
        super().__init__(parent)
        self.setObjectName("adapt_denoiser")
        self.setWindowTitle("Adapt the denoiser to this run")
        self._minutes, self._choices = minutes, tuple(choices)
        names = [info.name for info in describe(settings)]
        box = QVBoxLayout(self)
        box.setSpacing(8)
        for words in EXPLAINS:
            label = QLabel(words)
            label.setWordWrap(True)
            box.addWidget(label)
        self.which = QComboBox()
        self.which.setAccessibleName("Frames")
        self.which.setToolTip("Hits are best: blank frames teach it only what blank frames look like.")
        for title, frames in self._choices:
            self.which.addItem(f"{title} ({counted(len(frames), 'frame')})")
        which = QFormLayout()
        which.addRow("Frames", self.which)
        box.addLayout(which)
        self._form = ParameterForm(settings, without=[name for name in names if name not in MAIN])
        box.addWidget(self._form)
        self._more = ParameterForm(settings, without=[name for name in names if name in (*MAIN, "weights")])
        self._more.hide()
        more = QPushButton("More settings")
        more.setCheckable(True)
        more.setAutoDefault(False)
        more.toggled.connect(self._show_more)
        line = QHBoxLayout()
        line.addWidget(more)
        line.addStretch(1)
        box.addLayout(line)
        box.addWidget(self._more)
        self._time = QLabel()
        box.addWidget(self._time)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        start = buttons.addButton("Start", QDialogButtonBox.ButtonRole.AcceptRole)
        box.addWidget(buttons)
        if start is not None:
            start.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._form.changed.connect(self._estimate)
        self._more.changed.connect(self._estimate)
        self._estimate()
        self.setMinimumWidth(500)

    def settings(self) -> Any:
        main = self._form.value()
        return dataclasses.replace(self._more.value(), **{name: getattr(main, name) for name in MAIN})

    def frames(self) -> Sequence[int]:
        return self._choices[self.which.currentIndex()][1]

    def estimate(self) -> str:
        """The time it takes, as shown."""
        return self._time.text()

    def _show_more(self, on: bool) -> None:
        self._more.setVisible(on)
        self.adjustSize()

    def _estimate(self) -> None:
        quick, slow = (max(1, round(m)) for m in self._minutes(self.settings()))
        span = f"{quick}" if quick == slow else f"{quick} to {slow}"
        unit = "minute" if slow == 1 else "minutes"
        self._time.setText(f"Takes about {span} {unit} in the background; it can be stopped at any time.")
