"""The status bar's words: is everything saved, how many labels, how many frames selected."""

from __future__ import annotations

from datetime import datetime

from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QWidget

from widgets import icons, theme
from widgets.text import counted, grouped


class SaveIndicator(QWidget):
    """Says whether what the user made is on disk: "saved 12:03:41", "saving…" or "NOT SAVED" with the reason."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = "empty"
        self._sign = QLabel()
        self._words = QLabel()
        box = QHBoxLayout(self)
        box.setContentsMargins(2, 0, 2, 0)
        box.setSpacing(4)
        box.addWidget(self._sign)
        box.addWidget(self._words)
        self.clear()

    def clear(self) -> None:
        """Nothing to save: no run is open."""
        self._show("empty", "", "")

    def set_saved(self, when: datetime | None = None) -> None:
        """Everything is on disk; `when` is the time of the last write, None where nothing was written yet."""
        if when is None:
            self._show("saved", "all saved", "Labels are written to disk as you give them.")
        else:
            self._show("saved", f"saved {when:%H:%M:%S}", "All labels are on disk.")

    def set_saving(self) -> None:
        """A write has begun and is taking its time."""
        self._show("saving", "saving…", "The last label is being written.")

    def set_unsaved(self, reason: str, waiting: int = 1) -> None:
        """The last `waiting` labels could not be written; `reason` says why and what to do."""
        self._show("unsaved", f"NOT SAVED: {counted(waiting, 'label')}", reason)

    def state(self) -> str:
        """ "empty", "saved", "saving" or "unsaved"."""
        return self._state

    def text(self) -> str:
        """The words shown."""
        return self._words.text()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._show(self._state, self._words.text(), self.toolTip())

    def _show(self, state: str, text: str, tip: str) -> None:
        self._state = state
        self._words.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(text)
        palette = self.palette()
        colour = {
            "saved": theme.faint_text(palette),
            "saving": theme.faint_text(palette),
            "unsaved": theme.error_colour(palette),
        }.get(state, theme.faint_text(palette))
        sign = {"saved": ("done", theme.good_colour(palette)), "unsaved": ("warning", colour)}.get(state)
        if sign is None:
            self._sign.clear()
        else:
            self._sign.setPixmap(icons.icon_pixmap(*sign, 14, self.devicePixelRatioF()))
        self._sign.setVisible(sign is not None)
        if self._words.palette().color(QPalette.ColorRole.WindowText) != colour:
            colours = self._words.palette()
            colours.setColor(QPalette.ColorRole.WindowText, colour)
            self._words.setPalette(colours)
        font = self.font()
        font.setBold(state == "unsaved")
        self._words.setFont(font)


class StatusCounts(QLabel):
    """ "214 labels by you · 47 of 48 211 selected"."""

    def set_counts(self, labels: int, total: int, selected: int = 0, annotator: str = "you") -> None:
        """Show the counts; the selection is left out while there is none, everything while no run is open."""
        parts = []
        if total:
            parts.append(f"{counted(labels, 'label')} by {annotator}")
        if selected:
            parts.append(f"{grouped(selected)} of {grouped(total)} selected")
        self.setText(" · ".join(parts))
