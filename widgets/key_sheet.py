"""The sheet of all keys: every command and its shortcut, grouped as in the menus, searchable."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from widgets import theme
from widgets.palette import CommandEntry, match_score

_CLICK = "Click a key to change it."
_PRESS = "Press the new key; the cross takes it away."
_EDITOR = "key_editor"
_COLUMNS = 3


class _KeyCap(QAbstractButton):
    """A shortcut drawn as a key; a click asks for a new one."""

    def __init__(self, text: str, faint: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self._faint = faint
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip("Click to change this shortcut")

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(max(metrics.horizontalAdvance(self.text()) + 12, metrics.height() + 6), metrics.height() + 3)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        over = self.underMouse() or self.hasFocus()
        edge = palette.color(QPalette.ColorRole.Highlight if over else QPalette.ColorRole.Mid)
        painter.setPen(QPen(edge, 1, Qt.PenStyle.DotLine if self._faint else Qt.PenStyle.SolidLine))
        painter.setBrush(palette.color(QPalette.ColorRole.Window if self._faint else QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.setPen(theme.faint_text(palette) if self._faint else palette.color(QPalette.ColorRole.Text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class KeySheet(QDialog):
    """All keys at a glance, in three columns that fit 1280×800.

    Only commands with a shortcut are listed until something is searched for; then every command that matches.
    """

    shortcut_changed = pyqtSignal(str, str)
    """command id and its new key sequence in portable form, "" to take it away; the application applies it and calls
    `set_commands` again"""
    defaults_requested = pyqtSignal()
    """every command shall have its first keys again"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.resize(1120, 700)
        self._entries: tuple[CommandEntry, ...] = ()
        self._shown: list[str] = []
        self._editing = ""
        self._line = QLineEdit()
        self._line.setPlaceholderText("Search keys and commands")
        self._line.setClearButtonEnabled(True)
        self._line.textChanged.connect(self._fill)
        defaults = QPushButton("Restore defaults")
        defaults.setToolTip("Give every command the keys it had at first")
        defaults.setAutoDefault(False)
        defaults.clicked.connect(self.defaults_requested)
        close = QPushButton("Close")
        close.setDefault(False)
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        self._hint = QLabel(_CLICK)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        box = QVBoxLayout(self)
        box.addWidget(self._line)
        box.addWidget(self._area, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._hint)
        foot.addStretch(1)
        foot.addWidget(defaults)
        foot.addWidget(close)
        box.addLayout(foot)

    def set_commands(self, entries: Sequence[CommandEntry]) -> None:
        """Every command, in menu order."""
        self._entries = tuple(entries)
        self._fill()

    def shown_ids(self) -> list[str]:
        """Ids of the commands listed now."""
        return list(self._shown)

    def ask_shortcut(self, command: str) -> None:
        """Open the editor for the shortcut of one command."""
        self._editing = command
        self._fill()
        # Focus holds only from here on: while the sheet is filled the editor is in no window yet.
        editor = self.findChild(QKeySequenceEdit, _EDITOR)
        if editor is not None:
            editor.setFocus()
        self.say(_PRESS)

    def say(self, sentence: str) -> None:
        """Put a sentence at the foot of the sheet."""
        self._hint.setText(sentence)

    def sizeHint(self) -> QSize:
        return QSize(1120, 700)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._fill()

    def _matching(self) -> dict[str, list[CommandEntry]]:
        query = self._line.text().strip()
        groups: dict[str, list[CommandEntry]] = {}
        for entry in self._entries:
            keys = " ".join(entry.key_texts())
            if query:
                wanted = keys.casefold() == query.casefold() or any(
                    match_score(query, text) is not None for text in (entry.title, keys, entry.menu)
                )
            else:
                wanted = bool(entry.keys)
            if wanted:
                groups.setdefault(entry.menu.split("›")[0].strip(), []).append(entry)
        return groups

    def _fill(self) -> None:
        groups = self._matching()
        self._shown = [entry.id for group in groups.values() for entry in group]
        sheet = QWidget()
        across = QHBoxLayout(sheet)
        across.setSpacing(24)
        columns = [QVBoxLayout() for _ in range(_COLUMNS)]
        heights = [0] * _COLUMNS
        for title, group in groups.items():
            shortest = heights.index(min(heights))
            columns[shortest].addWidget(self._group(title, group))
            heights[shortest] += len(group) + 2
        for column in columns:
            column.addStretch(1)
            across.addLayout(column, 1)
        # What is replaced may be what was clicked: it must live until its signal has been handled.
        replaced = self._area.takeWidget()
        if replaced is not None:
            replaced.deleteLater()
        self._area.setWidget(sheet)

    def _group(self, title: str, entries: Sequence[CommandEntry]) -> QWidget:
        block = QWidget()
        grid = QGridLayout(block)
        grid.setContentsMargins(0, 0, 0, 8)
        grid.setVerticalSpacing(3)
        grid.setHorizontalSpacing(10)
        grid.setColumnStretch(0, 1)
        head = QLabel(title)
        head.setFont(theme.title_font(self.font(), 1.1))
        grid.addWidget(head, 0, 0, 1, 2)
        for row, entry in enumerate(entries, start=1):
            submenu = entry.menu.partition("›")[2].strip()
            words = QLabel(f"{submenu}: {entry.title}" if submenu else entry.title)
            words.setToolTip(entry.help)
            grid.addWidget(words, row, 0)
            grid.addWidget(self._keys(entry), row, 1, Qt.AlignmentFlag.AlignRight)
        return block

    def _keys(self, entry: CommandEntry) -> QWidget:
        if entry.id == self._editing:
            return self._editor(entry)
        caps = QWidget()
        line = QHBoxLayout(caps)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for text in entry.key_texts() or ["add…"]:
            cap = _KeyCap(text, faint=not entry.keys)
            cap.clicked.connect(lambda _on, command=entry.id: self.ask_shortcut(command))
            line.addWidget(cap)
        return caps

    def _editor(self, entry: CommandEntry) -> QWidget:
        editor = QKeySequenceEdit(QKeySequence(entry.keys[0] if entry.keys else ""))
        editor.setMaximumSequenceLength(1)
        editor.setClearButtonEnabled(True)
        editor.setObjectName(_EDITOR)

        def finished() -> None:
            if self._editing != entry.id:
                return
            self._editing = ""
            self.say(_CLICK)
            new = editor.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
            if new != (entry.keys[0] if entry.keys else ""):
                self.shortcut_changed.emit(entry.id, new)
            self._fill()

        editor.editingFinished.connect(finished)
        return editor
