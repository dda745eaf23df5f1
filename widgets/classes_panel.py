"""The user's classes: key, marker and colour, how many frames are labelled and how many the verdicts give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QObject, QPoint, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QProgressBar,
    QStackedLayout,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.text import grouped
from widgets.theme import ClassStyle

_KEY, _NAME, _LABELLED, _VERDICTS = range(4)


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class as the panel lists it.

    Attributes:
        style: name, colour, key, marker.
        labelled: frames given this class by the user.
        verdicts: frames the classifier gives it; None before there are verdicts.
    """

    style: ClassStyle
    labelled: int = 0
    verdicts: int | None = None


class ClassesPanel(QWidget):
    """Lists the classes and asks for their changes; it never changes them itself.

    Every edit goes out as a signal, and the list shows it once the application calls `set_classes` again.
    """

    class_added = pyqtSignal(str)
    """the name of a new class (not yet in the list, not empty)"""
    class_renamed = pyqtSignal(str, str)
    """id, new name"""
    class_recoloured = pyqtSignal(str, str)
    """id, new colour "#RRGGBB" """
    class_removed = pyqtSignal(str)
    """id; the application asks before it takes labels away"""
    class_selected = pyqtSignal(str)
    """id of the class whose frames the other views should pick out; "" for none"""
    class_given = pyqtSignal(str)
    """id: the frame on screen gets this class (double click beside the name)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ClassRow, ...] = ()
        self._filling = False

        self._list = QTreeWidget()
        self._list.setAccessibleName("Classes")
        self._list.setHeaderLabels(["Key", "Class", "Labels", "Verdicts"])
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setItemDelegate(theme.RowDelegate(self._list))
        self._list.setAlternatingRowColors(True)
        self._list.setIconSize(QSize(14, 14))
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = self._list.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        head = self._list.headerItem()
        assert head is not None
        for column in (_LABELLED, _VERDICTS):
            head.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head.setToolTip(_KEY, "The key that gives the class to the frame on screen")
        head.setToolTip(_LABELLED, "Frames you gave this class")
        head.setToolTip(_VERDICTS, "Frames of the whole run the classifier gives this class")

        self._empty = EmptyState(
            "No classes yet",
            "Add one for each kind of frame, for example “single” and “multi”. "
            "The keys 1 … 9 then give them to the frame on screen.",
        )
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._list)

        self._add = self._button("plus", "Add a class")
        self._rename = self._button("pencil", "Rename the class (F2)")
        self._recolour = self._button("drop", "Change the colour of the class…")
        self._remove = self._button("minus", "Remove the class (Del)")
        self._unsure = QLabel()
        self._unsure.setToolTip(
            "Frames you marked as unsure with U; they teach nothing and are left out of the counts"
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self._add, self._rename, self._recolour, self._remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self._unsure)

        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._progress = QLabel()
        box = QVBoxLayout(self)
        box.setContentsMargins(4, 4, 4, 4)
        box.setSpacing(4)
        box.addLayout(self._stack, 1)
        box.addLayout(buttons)
        box.addWidget(self._bar)
        box.addWidget(self._progress)

        self._list.itemSelectionChanged.connect(self._selection_changed)
        self._list.itemChanged.connect(self._item_changed)
        self._list.itemDoubleClicked.connect(self._double_clicked)
        self._list.customContextMenuRequested.connect(self._menu)
        self._list.installEventFilter(self)
        self._add.clicked.connect(self.add_class)
        self._rename.clicked.connect(self._begin_rename)
        self._recolour.clicked.connect(self._ask_colour)
        self._remove.clicked.connect(self._ask_removal)
        self.set_classes(())
        self.set_progress(0, 0)

    def set_classes(self, rows: Sequence[ClassRow]) -> None:
        """Show these classes, in this order; the chosen class stays chosen."""
        chosen = self.selected_class()
        new = tuple(rows)
        self._filling = True
        if [row.style for row in new] == [row.style for row in self._rows]:
            for place, row in enumerate(new):
                self._fill_counts(self._item(place), row)
        else:
            self._list.clear()
            for row in new:
                self._list.addTopLevelItem(self._make_item(row))
                if row.style.id == chosen:
                    self._list.setCurrentItem(self._item(self._list.topLevelItemCount() - 1))
        self._rows = new
        self._filling = False
        self._stack.setCurrentWidget(self._list if new else self._empty)
        self._enable_buttons()
        if chosen and chosen != self.selected_class():
            self.class_selected.emit(self.selected_class())

    def set_progress(self, labelled: int, total: int, unsure: int = 0) -> None:
        """Show how many of the run's frames have a label, and how many are marked as unsure."""
        self._bar.setRange(0, max(1, total))
        self._bar.setValue(labelled)
        text = f"{grouped(labelled)} of {grouped(total)} labelled" if total else "No run is open"
        self._progress.setText(text)
        self._unsure.setText(f"{grouped(unsure)} unsure" if unsure else "")

    def selected_class(self) -> str:
        """The id of the chosen class, "" for none."""
        items = self._list.selectedItems()
        return items[0].data(_NAME, Qt.ItemDataRole.UserRole) if items else ""

    def add_class(self) -> None:
        """Ask for a new class with a free name."""
        taken = {row.style.name.casefold() for row in self._rows}
        for name in ("single", "multi", "blank"):
            if name not in taken:
                self.class_added.emit(name)
                return
        number = len(self._rows) + 1
        while f"class {number}" in taken:
            number += 1
        self.class_added.emit(f"class {number}")

    def begin_rename(self, class_id: str) -> None:
        """Open the name of a class for editing."""
        for place, row in enumerate(self._rows):
            if row.style.id == class_id:
                self._list.setCurrentItem(self._item(place))
                self._begin_rename()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if watched is self._list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key == Qt.Key.Key_F2:
                self._begin_rename()
                return True
            if key == Qt.Key.Key_Delete:
                self._ask_removal()
                return True
            if key == Qt.Key.Key_Escape and self._list.selectedItems():
                self._list.clearSelection()
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._enable_buttons()
        super().changeEvent(event)

    def _button(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icons.tool_icon(icon))
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    def _item(self, place: int) -> QTreeWidgetItem:
        item = self._list.topLevelItem(place)
        assert item is not None
        return item

    def _make_item(self, row: ClassRow) -> QTreeWidgetItem:
        item = QTreeWidgetItem()
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setText(_KEY, row.style.key)
        item.setTextAlignment(_KEY, Qt.AlignmentFlag.AlignCenter)
        item.setText(_NAME, row.style.name)
        item.setData(_NAME, Qt.ItemDataRole.UserRole, row.style.id)
        item.setIcon(_NAME, icons.marker_icon(row.style.marker, QColor(row.style.colour), 14))
        key = f"{row.style.key} gives it to the frame on screen" if row.style.key else "it has no key"
        item.setToolTip(_NAME, f"{row.style.name}: {key}. Click to pick out its frames, F2 to rename.")
        for column in (_LABELLED, _VERDICTS):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._fill_counts(item, row)
        return item

    def _fill_counts(self, item: QTreeWidgetItem, row: ClassRow) -> None:
        item.setText(_LABELLED, grouped(row.labelled))
        item.setText(_VERDICTS, "–" if row.verdicts is None else grouped(row.verdicts))

    def _enable_buttons(self) -> None:
        some = bool(self._list.selectedItems())
        for button in (self._rename, self._recolour, self._remove):
            button.setEnabled(some)

    def _selection_changed(self) -> None:
        self._enable_buttons()
        if not self._filling:
            self.class_selected.emit(self.selected_class())

    def _begin_rename(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._list.editItem(item, _NAME)

    def _item_changed(self, item: QTreeWidgetItem, column: int) -> None:
        if self._filling or column != _NAME:
            return
        class_id: str = item.data(_NAME, Qt.ItemDataRole.UserRole)
        old = next((row.style.name for row in self._rows if row.style.id == class_id), "")
        new = item.text(_NAME).strip()
        # The application decides: until it answers with set_classes, the old name stays.
        self._filling = True
        item.setText(_NAME, old)
        self._filling = False
        if new and new != old and new not in {row.style.name for row in self._rows}:
            self.class_renamed.emit(class_id, new)

    def _double_clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column == _NAME:
            self._list.editItem(item, _NAME)
        else:
            self.class_given.emit(item.data(_NAME, Qt.ItemDataRole.UserRole))

    def _ask_colour(self) -> None:
        style = next((row.style for row in self._rows if row.style.id == self.selected_class()), None)
        if style is None:
            return
        for place, usual in enumerate(theme.CLASS_COLOURS):
            QColorDialog.setCustomColor(place, QColor(usual))
        colour = QColorDialog.getColor(QColor(style.colour), self, f"Colour of “{style.name}”")
        if colour.isValid() and colour.name() != style.colour.lower():
            self.class_recoloured.emit(style.id, colour.name().upper())

    def _ask_removal(self) -> None:
        class_id = self.selected_class()
        if class_id:
            self.class_removed.emit(class_id)

    def _menu(self, where: QPoint) -> None:
        item = self._list.itemAt(where)
        if item is None:
            return
        class_id = item.data(_NAME, Qt.ItemDataRole.UserRole)
        menu = QMenu(self)
        give = menu.addAction("Give to the frame on screen")
        menu.addSeparator()
        rename = menu.addAction("Rename")
        recolour = menu.addAction("Change colour…")
        remove = menu.addAction("Remove…")
        viewport = self._list.viewport()
        assert viewport is not None
        chosen = menu.exec(viewport.mapToGlobal(where))
        if chosen is give:
            self.class_given.emit(class_id)
        elif chosen is rename:
            self._begin_rename()
        elif chosen is recolour:
            self._ask_colour()
        elif chosen is remove:
            self._ask_removal()
        menu.deleteLater()
