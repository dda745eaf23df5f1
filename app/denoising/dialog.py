"""Which frames are denoised, and where to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.outputs import is_there
from widgets.text import counted

ENDINGS = (".cxi", ".h5")


@dataclass(frozen=True)
class FrameChoice:
    """Frames to choose: what they are called in the list and in the file's name, and their indices."""

    title: str
    suffix: str
    frames: Sequence[int]


class DenoiseFramesDialog(QDialog):
    """Asks for frames and a file; `frames()` and `path()` give them once accepted."""

    def __init__(
        self,
        choices: Sequence[FrameChoice],
        recipe: str,
        suggested: Callable[[FrameChoice], Path],
        reads: Path,
        parent: QWidget | None = None,
    ) -> None:
        """`recipe`: method and parameters in words. `suggested`: a file for a choice. `reads`: the run itself."""
        super().__init__(parent)
        self.setObjectName("denoise_frames")
        self.setWindowTitle("Denoise frames")
        self._choices = tuple(choices)
        self._suggested, self._reads = suggested, reads
        self.which = QComboBox()
        self.which.setAccessibleName("Frames")
        for choice in self._choices:
            self.which.addItem(f"{choice.title} ({counted(len(choice.frames), 'frame')})")
        self.field = QLineEdit()
        self.field.setObjectName("denoise_path")
        self.field.setAccessibleName("File")
        self._browse = QPushButton("Browse…")
        self._browse.setAutoDefault(False)
        self._replace = QCheckBox("Replace the file that is there")
        self._said = QLabel()
        self._said.setWordWrap(True)
        line = QHBoxLayout()
        line.addWidget(self.field, 1)
        line.addWidget(self._browse)
        method = QLabel(recipe)
        method.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Frames", self.which)
        form.addRow("Method", method)
        form.addRow("File", line)
        what = QLabel(
            "Rates and their standard deviations, the mask and what each pixel rests on, as a CXI file that every "
            "program can tell from measured counts. The measured run is not changed."
        )
        what.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._go = self.buttons.addButton("Denoise", QDialogButtonBox.ButtonRole.AcceptRole)
        box = QVBoxLayout(self)
        box.addLayout(form)
        box.addWidget(self._replace)
        box.addWidget(self._said)
        box.addWidget(what)
        box.addWidget(self.buttons)
        if self._go is not None:
            # Only inside its dialog does a button become what Enter presses.
            self._go.setDefault(True)
        self.setMinimumWidth(600)
        self._named = ""
        self.which.currentIndexChanged.connect(lambda _row: self._suggest())
        self._browse.clicked.connect(self._ask)
        self.field.textChanged.connect(lambda _text: self._check())
        self._replace.toggled.connect(lambda _on: self._check())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._suggest()

    def frames(self) -> Sequence[int]:
        return self._choices[self.which.currentIndex()].frames

    def path(self) -> Path:
        path = Path(self.field.text().strip())
        with contextlib.suppress(RuntimeError):  # "~nobody" stays as it is: it may be half typed
            path = path.expanduser()
        return path

    def overwrites(self) -> bool:
        return self._replace.isChecked()

    def _suggest(self) -> None:
        """A name for the frames chosen, unless the user typed one."""
        if self.field.text() == self._named:
            self._named = str(self._suggested(self._choices[self.which.currentIndex()]))
            self.field.setText(self._named)
        self._check()

    def _ask(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            "Denoise frames",
            str(self.path()),
            "CXI files (*.cxi *.h5)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if chosen:
            self.field.setText(chosen if Path(chosen).suffix else f"{chosen}.cxi")

    def _check(self) -> None:
        path, text = self.path(), self.field.text().strip()
        there = bool(text) and is_there(path)
        own = there and is_there(self._reads) and path.samefile(self._reads)
        self._replace.setVisible(there and not own)
        said = ""
        if own:
            said = "That is the measured run itself, which is never written over: choose another name."
        elif text and path.suffix.lower() not in ENDINGS:
            said = "The name has to end in .cxi or .h5."
        elif text and not is_there(path.parent):
            said = f"There is no folder {path.parent}."
        self._said.setText(said)
        self._said.setVisible(bool(said))
        if self._go is not None:
            good = bool(text) and not said and len(self.frames()) > 0
            self._go.setEnabled(good and (not there or self._replace.isChecked()))
