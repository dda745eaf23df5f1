"""Give commands keys of one's own; clashes are shown before they bite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.commands import BY_ID, COMMANDS, clashes, keys_of, shown_key

_TITLE, _KEYS = 0, 1


class ShortcutsDialog(QDialog):
    """Edits a copy of the overrides; `overrides()` gives them once the dialog was accepted."""

    def __init__(self, overrides: Mapping[str, Sequence[str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcuts")
        self.setWindowTitle("Change shortcuts")
        self._overrides = {command_id: list(keys) for command_id, keys in overrides.items()}
        self._filter = QLineEdit()
        self._filter.setPlaceholderText("Filter by name or key")
        self._filter.setClearButtonEnabled(True)
        self._list = QTreeWidget()
        self._list.setHeaderLabels(["Command", "Keys"])
        self._list.setRootIsDecorated(False)
        self._list.setAlternatingRowColors(True)
        header = self._list.header()
        if header is not None:
            header.setSectionResizeMode(_TITLE, QHeaderView.ResizeMode.Stretch)
        for command in COMMANDS:
            where = f"{command.menu} → {command.submenu} → " if command.submenu else f"{command.menu} → "
            item = QTreeWidgetItem([where + command.title.rstrip("…"), ""])
            item.setData(_TITLE, Qt.ItemDataRole.UserRole, command.id)
            item.setToolTip(_TITLE, command.help)
            self._list.addTopLevelItem(item)
        self._edit = QKeySequenceEdit()
        self._edit.setMaximumSequenceLength(1)
        self._set = QPushButton("Set")
        self._none = QPushButton("No key")
        self._reset = QPushButton("Default")
        self._warning = QLabel(" ")
        self._warning.setWordWrap(True)
        line = QHBoxLayout()
        line.addWidget(QLabel("New key:"))
        line.addWidget(self._edit, 1)
        for button in (self._set, self._none, self._reset):
            button.setAutoDefault(False)
            line.addWidget(button)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        box = QVBoxLayout(self)
        box.addWidget(self._filter)
        box.addWidget(self._list, 1)
        box.addLayout(line)
        box.addWidget(self._warning)
        box.addWidget(buttons)
        self.resize(560, 560)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        defaults = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        if defaults is not None:
            defaults.clicked.connect(self._restore)
        self._filter.textChanged.connect(self._show_matching)
        self._list.currentItemChanged.connect(lambda *_: self._edit.clear())
        self._set.clicked.connect(lambda: self._change([self._edit.keySequence().toString()]))
        self._none.clicked.connect(lambda: self._change([]))
        self._reset.clicked.connect(lambda: self._change(None))
        self._refresh()

    def overrides(self) -> dict[str, list[str]]:
        """The changed shortcuts by command id; those at their default are left out."""
        return {
            command_id: keys
            for command_id, keys in self._overrides.items()
            if command_id in BY_ID and tuple(keys) != BY_ID[command_id].keys
        }

    def change(self, command_id: str, keys: list[str] | None) -> None:
        """Give `command_id` these keys; None for its default."""
        if keys is None:
            self._overrides.pop(command_id, None)
        else:
            self._overrides[command_id] = [QKeySequence(key).toString() for key in keys if key]
        self._refresh()

    def _change(self, keys: list[str] | None) -> None:
        item = self._list.currentItem()
        if item is not None and keys != [""]:
            self.change(item.data(_TITLE, Qt.ItemDataRole.UserRole), keys)

    def _restore(self) -> None:
        self._overrides.clear()
        self._refresh()

    def _refresh(self) -> None:
        for place in range(self._list.topLevelItemCount()):
            item = self._list.topLevelItem(place)
            if item is None:
                continue
            command = BY_ID[item.data(_TITLE, Qt.ItemDataRole.UserRole)]
            item.setText(_KEYS, ", ".join(shown_key(key) for key in keys_of(command, self._overrides)))
            font = item.font(_KEYS)
            font.setBold(command.id in self.overrides())
            item.setFont(_KEYS, font)
        double = clashes(self._overrides)
        self._warning.setText(
            " "
            if not double
            else "; ".join(
                f"{shown_key(key)} is used by {' and '.join(BY_ID[i].title.rstrip('…') for i in ids)}"
                for key, ids in double.items()
            )
            + ": neither will work."
        )

    def _show_matching(self, text: str) -> None:
        wanted = text.casefold()
        for place in range(self._list.topLevelItemCount()):
            item = self._list.topLevelItem(place)
            if item is not None:
                item.setHidden(wanted not in f"{item.text(_TITLE)} {item.text(_KEYS)}".casefold())
