"""What adapting an embedding to a run does, how long it takes, and its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from PyQt6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from models.parameters import describe
from widgets.parameter_form import ParameterForm
from widgets.text import counted

MAIN = ("frames", "steps", "species")
"""what most people would change, if anything"""
EXPLAINS = (
    "A copy of the network goes on learning, for some minutes, from this run's own frames without labels, and from "
    "simulated particles seen through this run's detector at its doses. Then the run is embedded with it.",
    "It helps where detector, gaps or doses are unlike those the network was trained on; elsewhere it changes "
    "little. The present embedding stays in use and on disk: figures of both are shown at the end, and you choose.",
)


class AdaptDialog(QDialog):
    """Asks for the settings of an adaptation; `settings()` and `learns_from_labels()` hold once it is accepted."""

    def __init__(
        self,
        settings: Any,
        minutes: Callable[[Any], tuple[float, float]],
        labels: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("adapt")
        self.setWindowTitle("Adapt to this run")
        self._minutes = minutes
        names = [info.name for info in describe(settings)]
        box = QVBoxLayout(self)
        box.setSpacing(8)
        for words in EXPLAINS:
            label = QLabel(words)
            label.setWordWrap(True)
            box.addWidget(label)
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
        self._learn = QCheckBox(f"Learn from my {counted(labels, 'label')}, too")
        self._learn.setToolTip(
            "The network then knows these labels: how well it does on them says less afterwards about other frames."
        )
        self._learn.setEnabled(labels > 0)
        box.addWidget(self._learn)
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

    def learns_from_labels(self) -> bool:
        return self._learn.isChecked()

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
