"""How far to believe a result: each figure with its unit and what it means, warnings first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from models.phasing.types import Trust
from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.phase.narrow import scrolled
from widgets.text import THIN_SPACE, significant

PREVIEW = "No figures yet"
PREVIEW_WORDS = (
    "They appear when the starts have ended. Until then what is shown is a preview: nothing says how far it can be "
    "believed."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, the value with its unit, and a plain sentence on what it says."""

    name: str
    value: str
    meaning: str


def figures(trust: Trust) -> list[Figure]:
    """The figures of a result in the order of the panel; what cannot be said says why."""
    found = [
        Figure(
            "R factor",
            _number(trust.r_factor),
            "Mean misfit of the amplitudes on measured pixels, as a share of the amplitudes. 0 is a perfect fit; "
            "fitting is easy where the support is loose, so look at the next line too.",
        ),
        Figure(
            "Free log-likelihood",
            _number(trust.free_log_likelihood, "per held-out pixel"),
            "Misfit on pixels that were kept away from the solver, in units of the photon noise. 1 is as good as "
            "noise allows; starts are ranked by it, and by the R factor where it cannot tell them apart.",
        ),
    ]
    if math.isfinite(trust.prtf_resolution_nm):
        value = f"{significant(trust.prtf_resolution_nm, 3)} nm at {significant(trust.prtf_resolution_q, 3)} nm⁻¹"
    elif math.isfinite(trust.prtf_cutoff_px):
        value = f"{significant(trust.prtf_cutoff_px, 3)} px from the middle"
    else:
        value = "–"
    found += [
        Figure(
            "PRTF resolution",
            value,
            "Full-period resolution up to which the kept starts agree on the phases (where the PRTF falls below 1/e)."
            if value != "–"
            else "Cannot be said: too few starts agree on an object, or they agree on more than it (see above).",
        ),
        Figure(
            "Kept starts",
            f"{trust.kept} of {trust.starts}",
            "How many starts found the same object, and are averaged.",
        ),
        Figure(
            "First mode",
            _share(trust.mode_weight),
            "Share of the kept starts' power that one common object explains. Below about 90 % they disagree.",
        ),
        Figure(
            "Agreement",
            _number(trust.agreement),
            "Mean correlation of the kept starts with their average, over the support. 1 means they are the same.",
        ),
        Figure(
            "Masked power",
            _share(trust.masked_power),
            "Share of the object's power in pixels that were not measured: made up by the constraints alone.",
        ),
        Figure(
            "Oversampling",
            _number(trust.oversampling, "measured numbers per unknown"),
            "Below 1 there are more unknowns than measured numbers: no object is determined. Above 2 is good.",
        ),
    ]
    return found


def _number(value: float, unit: str = "") -> str:
    return f"{significant(value, 3)} {unit}".rstrip() if math.isfinite(value) else "–"


def _share(value: float) -> str:
    return f"{100 * value:.3g}{THIN_SPACE}%" if math.isfinite(value) else "–"


def _sentence(text: str) -> str:
    """With a capital at its beginning and a full stop at its end."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


class TrustView(QWidget):
    """Warnings in words, then the figures; before there are any, a badge that says so."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._figures: list[Figure] = []
        self._warnings: tuple[str, ...] = ()
        self._empty = EmptyState(PREVIEW, PREVIEW_WORDS)
        self._page = QWidget()
        self._box = QVBoxLayout(self._page)
        self._box.setContentsMargins(8, 6, 8, 6)
        self._box.setSpacing(6)
        self._scroll = scroll = scrolled(self._page)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(scroll)

    def clear(self, reason: str = PREVIEW_WORDS, title: str = PREVIEW) -> None:
        """There are no figures (yet), and why."""
        self._figures, self._warnings = [], ()
        self._empty.set_text(title, reason)
        self._stack.setCurrentWidget(self._empty)

    def set_trust(self, trust: Trust) -> None:
        """Show the figures of a result."""
        self._figures, self._warnings = figures(trust), tuple(_sentence(text) for text in trust.warnings)
        self._fill(self._warnings)
        self._stack.setCurrentWidget(self._scroll)

    def words(self) -> str:
        """All that is said, for who reads it aloud."""
        if self._stack.currentWidget() is self._empty:
            return self._empty.text()
        lines = [f"{figure.name}: {figure.value}. {figure.meaning}" for figure in self._figures]
        return " ".join((*self._warnings, *lines))

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and self._figures:
            self._fill(self._warnings)

    def _fill(self, warnings: Sequence[str]) -> None:
        while (item := self._box.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for warning in warnings:
            self._box.addWidget(self._warning(warning))
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        for row, figure in enumerate(self._figures):
            name, value, meaning = QLabel(figure.name), QLabel(figure.value), QLabel(figure.meaning)
            value.setWordWrap(True)
            value.setFont(theme.title_font(self.font()))
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            meaning.setWordWrap(True)
            faint = QPalette(self.palette())
            faint.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
            meaning.setPalette(faint)
            grid.addWidget(name, 2 * row, 0)
            grid.addWidget(value, 2 * row, 1)
            meaning.setContentsMargins(0, 0, 0, 5)
            grid.addWidget(meaning, 2 * row + 1, 0, 1, 2)
            grid.setRowMinimumHeight(2 * row + 1, theme.line_height())
        self._box.addWidget(table)
        self._box.addStretch(1)

    def _warning(self, sentence: str) -> QWidget:
        line = QWidget()
        box = QHBoxLayout(line)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        sign, words = QLabel(), QLabel(sentence)
        sign.setPixmap(icons.tool_icon("warning").pixmap(theme.line_height(), theme.line_height()))
        words.setWordWrap(True)
        colours = QPalette(self.palette())
        colours.setColor(QPalette.ColorRole.WindowText, theme.warning_colour(self.palette()))
        words.setPalette(colours)
        box.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        box.addWidget(words, 1)
        return line
