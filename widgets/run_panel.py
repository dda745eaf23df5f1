"""The open run's facts with their units, what was odd about it, and the runs opened before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.recent_list import RecentList, RecentRun
from widgets.text import counted, grouped, significant

__all__ = ["RecentRun", "RunFacts", "RunPanel", "fact_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What the panel says of a run; None wherever the file does not say.

    Attributes:
        name: short name for the title.
        path: file or folder.
        dataset: path of the frames inside the file, "" where there is none.
        frames, height, width: how many frames of which size, pixels.
        dtype: stored type of a pixel, as text.
        unit: unit of a pixel value, "" where unknown.
        masked_pixels: pixels masked in every frame.
        photon_energy_eV, distance_m, pixel_size_m: geometry; pixel size is (y, x).
        columns: names of the per-frame columns.
        warnings: sentences on what was assumed or found odd.
        note: what is good to know and nothing to worry about, "" for nothing.
    """

    name: str
    path: str
    frames: int
    height: int
    width: int
    dtype: str
    dataset: str = ""
    unit: str = ""
    masked_pixels: int = 0
    photon_energy_eV: float | None = None
    distance_m: float | None = None
    pixel_size_m: tuple[float, float] | None = None
    columns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    note: str = ""


def fact_lines(facts: RunFacts) -> list[tuple[str, str]]:
    """The facts as (name, value with unit), in reading order."""
    unknown = "not in the file"
    lines = [("File", facts.path)]
    if facts.dataset:
        lines.append(("Dataset", facts.dataset))
    lines.append(("Frames", grouped(facts.frames)))
    stored = facts.dtype + (f", {facts.unit}" if facts.unit else "")
    lines.append(("Size", f"{facts.height} × {facts.width} px ({stored})"))
    pixels = max(1, facts.height * facts.width)
    lines.append(("Masked", f"{counted(facts.masked_pixels, 'pixel')} ({100 * facts.masked_pixels / pixels:.1f} %)"))
    energy = facts.photon_energy_eV
    lines.append(("Photon energy", unknown if energy is None else f"{significant(energy, 5)} eV"))
    distance = facts.distance_m
    lines.append(("Distance", unknown if distance is None else f"{significant(distance)} m"))
    if facts.pixel_size_m is None:
        pixel = unknown
    else:
        y, x = (1e6 * size for size in facts.pixel_size_m)
        pixel = f"{significant(y)} µm" if abs(y - x) <= 1e-9 * abs(y) else f"{significant(y)} × {significant(x)} µm"
    lines.append(("Pixel size", pixel))
    if facts.columns:
        lines.append(("Columns", ", ".join(facts.columns)))
    return lines


def _breakable(text: str) -> str:
    """Paths have no spaces: zero-width spaces after separators let them wrap instead of being cut off."""
    return text.replace("/", "/\u200b").replace("_", "_\u200b")


class RunPanel(QWidget):
    """Facts of the open run above, recent runs below."""

    open_requested = pyqtSignal(str)
    """path of a recent run that is still there (double click or Enter)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: RunFacts | None = None
        self._empty = EmptyState("No run is open", "Open a file or a folder of frames, or drop one on the window.")
        self._sheet = QScrollArea()
        self._sheet.setWidgetResizable(True)
        self._sheet.setFrameShape(QFrame.Shape.NoFrame)
        self._sheet.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._sheet)

        self._recent_title = QLabel("Recent runs")
        self._recent_title.setFont(theme.title_font(self.font()))
        self._recent = RecentList(most=4)
        self._recent.chosen.connect(self.open_requested)
        box = QVBoxLayout(self)
        box.setContentsMargins(4, 4, 4, 4)
        box.setSpacing(4)
        box.addLayout(self._stack, 1)
        box.addWidget(self._recent_title)
        box.addWidget(self._recent)
        self.set_recent(())

    def set_run(self, facts: RunFacts | None) -> None:
        """Show these facts; None while no run is open."""
        self._facts = facts
        if facts is None:
            self._stack.setCurrentWidget(self._empty)
            return
        sheet = QWidget()
        box = QVBoxLayout(sheet)
        box.setContentsMargins(4, 2, 4, 2)
        box.setSpacing(6)
        title = QLabel(_breakable(facts.name))
        title.setFont(theme.title_font(self.font(), 1.1))
        title.setWordWrap(True)
        title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.addWidget(title)
        for warning in facts.warnings:
            box.addLayout(self._line("warning", theme.warning_colour(self.palette()), warning))
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(3)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for name, value in fact_lines(facts):
            form.addRow(self._faint(name), self._value(value))
        box.addLayout(form)
        if facts.note:
            box.addLayout(self._line("info", theme.faint_text(self.palette()), facts.note))
        box.addStretch(1)
        replaced = self._sheet.takeWidget()
        if replaced is not None:
            replaced.deleteLater()
        self._sheet.setWidget(sheet)
        self._stack.setCurrentWidget(self._sheet)

    def set_recent(self, runs: Sequence[RecentRun]) -> None:
        """List the runs opened before, newest first; missing ones are greyed and cannot be opened."""
        self._recent.set_runs(runs)
        for widget in (self._recent_title, self._recent):
            widget.setVisible(bool(runs))

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and self._facts is not None:
            self.set_run(self._facts)

    def _faint(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        colours = label.palette()
        colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
        label.setPalette(colours)
        return label

    def _value(self, text: str) -> QLabel:
        label = QLabel(_breakable(text))
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setToolTip(text)
        return label

    def _line(self, icon: str, colour: QColor, text: str) -> QHBoxLayout:
        sign = QLabel()
        sign.setPixmap(icons.icon_pixmap(icon, colour, 14, self.devicePixelRatioF()))
        sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        words = QLabel(_breakable(text))
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        colours = words.palette()
        colours.setColor(QPalette.ColorRole.WindowText, colour)
        words.setPalette(colours)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(sign)
        line.addWidget(words, 1)
        return line
