"""Parts of a mask that need no drawing: each a small form and one button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from widgets.parameter_form import ParameterForm


@dataclass(frozen=True)
class Part:
    """What can be added.

    Attributes:
        title: for the list of choices. settings: a dataclass of parameters: what the form asks. tip: what it does.
    """

    title: str
    settings: Any
    tip: str


class MaskAddPanel(QWidget):
    """Choose a part, fill its form, add it."""

    wanted = pyqtSignal(object)
    """the settings of the part"""

    def __init__(self, parts: Sequence[Part], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Part to add")
        self._pages = QStackedWidget()
        self.forms: list[ParameterForm] = []
        for part in parts:
            self.choice.addItem(part.title)
            self.choice.setItemData(self.choice.count() - 1, part.tip, 3)
            form = ParameterForm(part.settings)
            for line in form.findChildren(QLineEdit):
                if line.placeholderText():  # what is left empty here is not worked out, but not asked for
                    line.setPlaceholderText("none")
            self.forms.append(form)
            self._pages.addWidget(form)
        self.add = QPushButton("Add")
        self.add.setAutoDefault(False)
        self.add.setToolTip("One more step of your mask; it can be taken back")
        first = QHBoxLayout()
        first.addWidget(self.choice, 1)
        first.addWidget(self.add)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(first)
        box.addWidget(self._pages)
        self.choice.currentIndexChanged.connect(self._choose)
        self.add.clicked.connect(lambda: self.wanted.emit(self.forms[self.choice.currentIndex()].value()))
        self._choose(0)

    def _choose(self, place: int) -> None:
        self._pages.setCurrentIndex(place)
        # A stack is as high as its highest page; here only the page shown counts.
        for number, form in enumerate(self.forms):
            policy = form.sizePolicy()
            vertical = policy.Policy.Preferred if number == place else policy.Policy.Ignored
            form.setSizePolicy(policy.Policy.Preferred, vertical)
        self._pages.setMaximumHeight(self.forms[place].sizeHint().height())
