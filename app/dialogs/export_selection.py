"""Where to and as what the selected frames are written."""

from __future__ import annotations

import contextlib
from pathlib import Path

from PyQt6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.outputs import is_there
from widgets.text import counted

CXI, LIST = "cxi", "list"
ENDINGS = (".cxi", ".h5", ".txt", ".lst")


class ExportSelectionDialog(QDialog):
    """Asks for CXI or index list and a file name; `choice()` gives both once accepted."""

    def __init__(self, count: int, suggested: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export_selection")
        self.setWindowTitle("Export selection")
        self._cxi = QRadioButton("CXI file: frames, mask, geometry, identifiers, labels and verdicts")
        self._list = QRadioButton("List of indices (text, one per line)")
        self._cxi.setChecked(True)
        self._field = QLineEdit(f"{suggested}.cxi")
        self._field.setObjectName("export_path")
        self._browse = QPushButton("Browse…")
        self._browse.setAutoDefault(False)
        self._replace = QCheckBox("Replace the file that is there")
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        line = QHBoxLayout()
        line.addWidget(self._field, 1)
        line.addWidget(self._browse)
        box = QVBoxLayout(self)
        box.addWidget(QLabel(f"Write {counted(count, 'selected frame')} as"))
        box.addWidget(self._cxi)
        box.addWidget(self._list)
        box.addLayout(line)
        box.addWidget(self._replace)
        box.addWidget(self._buttons)
        self.setMinimumWidth(560)
        self._cxi.toggled.connect(self._kind_changed)
        self._browse.clicked.connect(self._ask)
        self._field.textChanged.connect(self._check)
        self._replace.toggled.connect(self._check)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._check()

    def choice(self) -> tuple[str, Path]:
        """("cxi" or "list", path)."""
        path = Path(self._field.text().strip())
        with contextlib.suppress(RuntimeError):  # "~nobody" stays as it is: it may be half typed
            path = path.expanduser()
        return (CXI if self._cxi.isChecked() else LIST), path

    def _kind_changed(self) -> None:
        kind, path = self.choice()
        if path.name:
            kept = path.with_suffix("") if path.suffix.lower() in ENDINGS else path
            self._field.setText(f"{kept}{'.cxi' if kind == CXI else '.txt'}")

    def _ask(self) -> None:
        kind, path = self.choice()
        pattern = "CXI files (*.cxi *.h5)" if kind == CXI else "Text files (*.txt *.lst)"
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Export selection", str(path), pattern, options=QFileDialog.Option.DontConfirmOverwrite
        )
        if chosen:
            self._field.setText(chosen)

    def _check(self) -> None:
        _, path = self.choice()
        there = is_there(path)
        self._replace.setVisible(there)
        save = self._buttons.button(QDialogButtonBox.StandardButton.Save)
        if save is not None:
            save.setEnabled(bool(self._field.text().strip()) and (not there or self._replace.isChecked()))
