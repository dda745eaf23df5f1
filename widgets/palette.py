"""The command palette: type a few letters, get the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QModelIndex, QObject, QRect, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPalette
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from widgets import theme

_ENTRY = Qt.ItemDataRole.UserRole
_STEPS = {
    Qt.Key.Key_Down.value: 1,
    Qt.Key.Key_Up.value: -1,
    Qt.Key.Key_PageDown.value: 8,
    Qt.Key.Key_PageUp.value: -8,
}
_SIGNS = {"Right": "→", "Left": "←", "Up": "↑", "Down": "↓", "Return": "Enter", "PgDown": "PgDn"}


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command as the palette and the sheet of keys list it.

    Attributes:
        id: how the program names it.
        title: what the menu says.
        menu: where it is found ("Frame", "View › Scaling").
        keys: shortcuts in Qt's portable form, the main one first.
        enabled: whether it can be used now.
        help: one sentence.
        checked: on or off for a command that is a state, None otherwise.
    """

    id: str
    title: str
    menu: str
    keys: tuple[str, ...] = ()
    enabled: bool = True
    help: str = ""
    checked: bool | None = None

    def key_texts(self) -> list[str]:
        """The shortcuts as people write them, each once (both Enter keys are "Enter")."""
        return list(dict.fromkeys(key_text(keys) for keys in self.keys))


def key_text(keys: str) -> str:
    """A shortcut as people write it: "Shift+→"."""
    native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
    if native in ("+", ","):
        return native
    return "+".join(_SIGNS.get(part, part) for part in native.split("+"))


def match_score(query: str, text: str) -> float | None:
    """How well the letters of `query` are found, in order, in `text`; None where they are not.

    A whole-word beginning beats letters in a row, these beat scattered letters; among equals the shorter text wins.
    """
    query, text = query.casefold().strip(), text.casefold()
    if not query:
        return 0.0
    place = text.find(query)
    if place >= 0:
        begins_word = place == 0 or not text[place - 1].isalnum()
        return 100.0 + (50.0 if begins_word else 0.0) + (20.0 if place == 0 else 0.0) - 0.1 * len(text)
    score, at, last = 0.0, -1, -2
    for letter in query:
        if letter == " ":
            continue
        at = text.find(letter, at + 1)
        if at < 0:
            return None
        starts_word = at == 0 or not text[at - 1].isalnum()
        score += 3.0 if at == last + 1 else 2.0 if starts_word else 0.2
        last = at
    # Letters strewn over a long text match by accident; they would bury what was meant.
    if score < 1.5 * len(query.replace(" ", "")):
        return None
    return score - 0.02 * len(text)


def search(query: str, entries: Sequence[CommandEntry]) -> list[CommandEntry]:
    """The entries that match, best first; all in their own order for an empty query, enabled ones first."""
    found: list[tuple[float, int, CommandEntry]] = []
    for place, entry in enumerate(entries):
        scores = [
            (match_score(query, entry.title), 1.0),
            (match_score(query, f"{entry.menu} {entry.title}"), 0.8),
            (match_score(query, entry.help), 0.25 if len(query.strip()) > 2 else 0.0),
        ]
        best = max((score * weight for score, weight in scores if score is not None and weight), default=None)
        if best is not None:
            found.append((best, place, entry))
    found.sort(key=lambda item: (not item[2].enabled, -item[0], item[1]))
    return [entry for _, _, entry in found]


class CommandPalette(QFrame):
    """Search line and list over the window. ↑ ↓ move, Enter chooses, Esc or a click elsewhere leaves.

    It is a child of the window and not a popup of its own: remote desktops place and focus popups as they like.
    """

    chosen = pyqtSignal(str)
    """id of the chosen command; emitted after the palette has closed"""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAutoFillBackground(True)
        self.setFrameStyle(QFrame.Shape.Box.value | QFrame.Shadow.Plain.value)
        self._focus_before: QWidget | None = None
        self.hide()
        self._entries: tuple[CommandEntry, ...] = ()
        self._line = QLineEdit()
        self._line.setPlaceholderText("Type a command")
        self._line.setClearButtonEnabled(True)
        self._line.setAccessibleName("Command")
        self._list = QListWidget()
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._list.setItemDelegate(_EntryDelegate(self._list))
        self._list.setUniformItemSizes(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.setSpacing(6)
        box.addWidget(self._line)
        self._nothing = QLabel("No command has such a name.")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box.addWidget(self._list)
        box.addWidget(self._nothing, 1)
        self._line.textChanged.connect(self._search)
        self._line.installEventFilter(self)
        self._list.itemClicked.connect(self._choose)

    def set_commands(self, entries: Sequence[CommandEntry]) -> None:
        """The commands to choose from, in the order shown for an empty search."""
        self._entries = tuple(entries)
        self._search(self._line.text())

    def open_over(self, window: QWidget) -> None:
        """Show the palette under the top edge of `window`, with an empty search."""
        if self.parentWidget() is not window:
            self.setParent(window)
        self._focus_before = QApplication.focusWidget()
        width = min(620, window.width() - 40)
        height = min(460, window.height() - 80)
        self.setFixedSize(max(240, width), max(160, height))
        self.move((window.width() - self.width()) // 2, 48)
        self._line.clear()
        self._search("")
        self._colour()
        self.show()
        self.raise_()
        self._line.setFocus(Qt.FocusReason.PopupFocusReason)

    def shown_ids(self) -> list[str]:
        """Ids of the listed commands, best match first."""
        return [self._entry(row).id for row in range(self._list.count())]

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if watched is not self._line or event is None or not self.isVisible():
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride:
            # While the palette is open, every key is meant for it and none for the window's commands.
            event.accept()
            return True
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key_pressed(event)
        return super().eventFilter(watched, event)

    def _key_pressed(self, event: QKeyEvent) -> bool:
        step = _STEPS.get(event.key())
        if step is not None:
            last = self._list.count() - 1
            row = self._list.currentRow() + step
            if abs(step) == 1:
                row %= max(1, last + 1)
            self._list.setCurrentRow(min(last, max(0, row)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            item = self._list.currentItem()
            if item is not None:
                self._choose(item)
        elif event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            return False
        return True

    def _leave(self) -> None:
        """Close, and give the keyboard back to where it was."""
        self.hide()
        if self._focus_before is not None and self._focus_before.isVisible():
            self._focus_before.setFocus(Qt.FocusReason.PopupFocusReason)
        self._focus_before = None

    def _colour(self) -> None:
        colours = QPalette()
        colours.setColor(QPalette.ColorRole.WindowText, colours.color(QPalette.ColorRole.Mid))
        self.setPalette(colours)
        words = QPalette()
        words.setColor(QPalette.ColorRole.WindowText, theme.faint_text(words))
        self._nothing.setPalette(words)

    def _search(self, query: str) -> None:
        self._list.clear()
        for entry in search(query, self._entries):
            item = QListWidgetItem(entry.title)
            item.setData(_ENTRY, entry)
            item.setToolTip(entry.help)
            if not entry.enabled:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self._list.addItem(item)
        self._nothing.setVisible(not self._list.count())
        self._list.setVisible(bool(self._list.count()))
        if self._list.count():
            self._list.setCurrentRow(0)

    def _entry(self, row: int) -> CommandEntry:
        item = self._list.item(row)
        assert item is not None
        entry: CommandEntry = item.data(_ENTRY)
        return entry

    def _choose(self, item: QListWidgetItem) -> None:
        entry: CommandEntry = item.data(_ENTRY)
        if entry.enabled:
            self._leave()
            self.chosen.emit(entry.id)


class _EntryDelegate(QStyledItemDelegate):
    """A row: title, its menu in faint letters, the shortcut at the right edge."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(200, QFontMetrics(option.font).height() + 10)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        assert painter is not None
        entry: CommandEntry = index.data(_ENTRY)
        palette = option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        text = palette.color(QPalette.ColorRole.Text)
        faint = theme.faint_text(palette)
        if chosen:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Highlight))
            text = palette.color(QPalette.ColorRole.HighlightedText)
            faint = theme.mixed(text, palette.color(QPalette.ColorRole.Highlight), 0.25)
        if not entry.enabled:
            text = faint = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        area = option.rect.adjusted(10, 0, -10, 0)
        painter.setFont(option.font)
        shortcut = "   ".join(entry.key_texts()[:2])
        self._text(painter, area, Qt.AlignmentFlag.AlignRight, shortcut, text)
        metrics = QFontMetrics(option.font)
        space = area.width() - metrics.horizontalAdvance(shortcut) - 16
        sign = "" if entry.checked is None else "✓ " if entry.checked else ""
        title = metrics.elidedText(sign + entry.title, Qt.TextElideMode.ElideRight, space)
        self._text(painter, area, Qt.AlignmentFlag.AlignLeft, title, text)
        used = metrics.horizontalAdvance(title) + 12
        menu = metrics.elidedText(entry.menu, Qt.TextElideMode.ElideRight, space - used)
        self._text(painter, area.adjusted(used, 0, 0, 0), Qt.AlignmentFlag.AlignLeft, menu, faint)
        painter.restore()

    def _text(self, painter: QPainter, area: QRect, side: Qt.AlignmentFlag, text: str, colour: QColor) -> None:
        painter.setPen(colour)
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, text)
