"""How a file of raw numbers is read: its header typed in, with what that makes of the file said and shown at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.jobs.threads import run_task
from models.errors import FriedelError
from models.runs.raw import RAW, RawFit, RawHeader, fit
from widgets.frame.images import qt_colours, shared_image
from widgets.parameter_form import ParameterForm
from widgets.text import counted, grouped

if TYPE_CHECKING:
    from models.display import Picture

PREVIEW_SIDE = 320
_PATIENCE_MS = 150
_MOST_SHOWN = 1 << 26
_OWN = "as typed below"


class RawHeaderDialog(QDialog):
    """Asks for the header of a raw file; `header()` is the answer once it is accepted.

    Args:
        path: the file, read for the preview in a thread.
        size: its length in bytes.
        start: the header to begin with.
        guesses: headers that would leave nothing over, offered in a list.
    """

    def __init__(
        self, path: Path, size: int, start: RawHeader, guesses: Sequence[RawHeader], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("raw_header")
        self.setWindowTitle("Raw binary file")
        self._path, self._size = path, size
        self._ticket = 0
        self._guesses = tuple(guesses)
        words = QLabel(
            f"<b>{path.name}</b> has {grouped(size)} bytes and says nothing about itself. How is it to be read?"
        )
        words.setWordWrap(True)
        self._choice = QComboBox()
        self._choice.setObjectName("raw_guesses")
        self._choice.setAccessibleName("What would fit")
        self._choice.addItem(_OWN)
        for guess in self._guesses:
            frames = counted(fit(guess, size).frames, "frame")
            self._choice.addItem(f"{guess.height} × {guess.width} {guess.dtype}: {frames}")
        self._form = ParameterForm(start)
        self._says = QLabel()
        self._says.setObjectName("raw_says")
        self._says.setWordWrap(True)
        self._picture = QLabel()
        self._picture.setObjectName("raw_preview")
        self._picture.setFixedSize(PREVIEW_SIDE, PREVIEW_SIDE)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setWordWrap(True)
        self._picture.setFrameShape(QLabel.Shape.StyledPanel)
        self._frame = QSpinBox()
        self._frame.setObjectName("raw_frame")
        self._frame.setPrefix("Frame ")
        self._frame.setToolTip("A wrong offset or gap shows in later frames")
        self._frame.setAccessibleName("Frame shown")
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self._lay_out(words)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PATIENCE_MS)
        self._timer.timeout.connect(self._look)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._form.changed.connect(self._typed)
        self._choice.activated.connect(self._choose)
        self._frame.valueChanged.connect(lambda _value: self._timer.start())
        self._show_choice()
        self._check()

    def header(self) -> RawHeader:
        """The header as it stands."""
        header: RawHeader = self._form.value()
        return header

    def set_header(self, header: RawHeader) -> None:
        """Show another header."""
        self._form.set_value(header)
        self._show_choice()
        self._check()

    def _lay_out(self, words: QLabel) -> None:
        left = QVBoxLayout()
        fits = QLabel("What fits without a rest:")
        fits.setBuddy(self._choice)
        fits.setVisible(bool(self._guesses))
        self._choice.setVisible(bool(self._guesses))
        left.addWidget(fits)
        left.addWidget(self._choice)
        left.addSpacing(8)
        left.addWidget(self._form)
        left.addWidget(self._says)
        left.addStretch(1)
        right = QVBoxLayout()
        right.addWidget(self._picture)
        right.addWidget(self._frame, 0, Qt.AlignmentFlag.AlignLeft)
        right.addStretch(1)
        columns = QHBoxLayout()
        columns.addLayout(left, 1)
        columns.addSpacing(12)
        columns.addLayout(right)
        box = QVBoxLayout(self)
        box.addWidget(words)
        box.addLayout(columns, 1)
        box.addWidget(self._buttons)
        self.setMinimumWidth(720)

    def _typed(self) -> None:
        self._show_choice()
        self._check()

    def _choose(self, place: int) -> None:
        if place > 0:
            self.set_header(self._guesses[place - 1])

    def _show_choice(self) -> None:
        header = self.header()
        self._choice.setCurrentIndex(self._guesses.index(header) + 1 if header in self._guesses else 0)

    def _check(self) -> None:
        """Say what the header makes of the file, and have the picture made."""
        header = self.header()
        found = fit(header, self._size)
        usable = found.frames > 0 and found.left_over >= 0
        self._says.setText(f"<b>{in_words(found)}</b><br>{header.to_text().removeprefix(RAW)}")
        open_button = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        if open_button is not None:
            open_button.setEnabled(usable)
        self._frame.blockSignals(True)
        self._frame.setMaximum(max(0, min(found.frames, 2**31) - 1))
        self._frame.blockSignals(False)
        self._frame.setEnabled(usable and found.frames > 1)
        self._ticket += 1
        if usable:
            self._timer.start()
        else:
            self._timer.stop()
            self._say_instead("Not even one frame of this size fits into the file.")

    def _look(self) -> None:
        ticket, header, index = self._ticket, self.header(), self._frame.value()
        if header.height * header.width > _MOST_SHOWN:
            self._say_instead("Frames of this size are not shown here.")
            return

        def show(picture: Picture) -> None:
            if ticket == self._ticket and index == self._frame.value():
                self._paint(picture)

        def refuse(error: Exception) -> None:
            if ticket == self._ticket:
                self._say_instead(error.sentence() if isinstance(error, FriedelError) else str(error))

        run_task(lambda: preview(self._path, header, index), show, refuse, name=f"preview {self._path.name}")

    def _paint(self, picture: Picture) -> None:
        from models.display import colour_table

        image = shared_image(picture.indices)
        image.setColorTable(qt_colours(colour_table(picture.settings.colour_map)))
        small = max(picture.indices.shape) < PREVIEW_SIDE
        how = Qt.TransformationMode.FastTransformation if small else Qt.TransformationMode.SmoothTransformation
        side = PREVIEW_SIDE - 4
        shown = QPixmap.fromImage(image).scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, how)
        self._picture.setPixmap(shown)

    def _say_instead(self, words: str) -> None:
        self._picture.clear()
        self._picture.setText(words)


def in_words(found: RawFit) -> str:
    """What a header makes of a file, for people."""
    frames = counted(found.frames, "frame")
    if found.left_over < 0:
        return f"{frames}, {counted(-found.left_over, 'byte')} missing"
    return f"{frames}, {counted(found.left_over, 'byte')} left over"


def preview(path: Path, header: RawHeader, index: int) -> Picture:
    """A frame of the file, ready to be painted; not for the GUI thread.

    Raises:
        FriedelError: it cannot be read.
    """
    from models.display import DisplaySettings, Scaling, prepare
    from models.runs.raw import open_raw_run

    with open_raw_run(path, replace(header, frames=None)) as run:
        frame = run.load(min(index, len(run) - 1))
    pool = max(1.0, max(header.height, header.width) / PREVIEW_SIDE)
    return prepare(frame, DisplaySettings(scaling=Scaling.SQRT, pool=pool))
