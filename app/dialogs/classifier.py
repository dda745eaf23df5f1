"""What a classifier goes by, where it comes from, and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from models.parameters import describe
from widgets import theme
from widgets.parameter_form import ParameterForm

if TYPE_CHECKING:
    from app.sorting import Choice

WEIGHTS_FILTER = "Weights (*.safetensors)"


class ClassifierDialog(QDialog):
    """Shows one classifier; `settings()` and `weights()` give what was entered once it is accepted."""

    def __init__(
        self, choice: Choice, settings: Any, weights: str, at_present: str = "", parent: QWidget | None = None
    ) -> None:
        """`at_present` is a sentence about what the classifier made of the run; "" for none."""
        super().__init__(parent)
        self.setObjectName("classifier")
        self.setWindowTitle("Classifier")
        title = QLabel(choice.title)
        title.setFont(theme.title_font(self.font(), 1.15))
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addWidget(title)
        for words in (choice.summary, choice.paper):
            label = QLabel(words)
            label.setWordWrap(True)
            box.addWidget(label)
        self._form = ParameterForm(settings)
        self._weights = QLineEdit(weights)
        self._weights.setObjectName("weights")
        self._weights.setPlaceholderText("weights of your own training (.safetensors)")
        if choice.needs_weights:
            box.addWidget(self._line_for_weights())
        box.addSpacing(4)
        if describe(settings):
            box.addWidget(self._form)
        else:
            box.addWidget(QLabel("It has no settings."))
        if at_present:
            present = QLabel(at_present)
            present.setWordWrap(True)
            box.addWidget(present)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        use = buttons.addButton("Use it", QDialogButtonBox.ButtonRole.AcceptRole)
        defaults = buttons.addButton("Defaults", QDialogButtonBox.ButtonRole.ResetRole)
        box.addWidget(buttons)
        if use is not None:
            use.setDefault(True)
        if defaults is not None:
            defaults.setAutoDefault(False)
            defaults.clicked.connect(lambda: self._form.reset())
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setMinimumWidth(460)

    def settings(self) -> Any:
        return self._form.value()

    def weights(self) -> str:
        return self._weights.text().strip()

    def _line_for_weights(self) -> QWidget:
        line = QWidget()
        box = QHBoxLayout(line)
        box.setContentsMargins(0, 0, 0, 0)
        browse = QPushButton("Browse…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        label = QLabel("Weights")
        label.setBuddy(self._weights)
        for widget in (label, self._weights, browse):
            box.addWidget(widget)
        return line

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Weights", self._weights.text(), WEIGHTS_FILTER)
        if path:
            self._weights.setText(path)
