"""Palette, sheet of keys, About and the log: what helps to find one's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QUrl
from PyQt6.QtGui import QDesktopServices

from app.commands import shown_key, take_key
from app.log import log_file
from app.settings import save_settings
from widgets.palette import CommandPalette

if TYPE_CHECKING:
    from app.main_window import MainWindow


class Helper(QObject):
    """Opens the window's aids."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._palette: CommandPalette | None = None

    def show_palette(self) -> None:
        """Open the command palette over the window."""
        table = self._window.actions_table
        if self._palette is None:
            self._palette = CommandPalette(self._window)
            self._palette.chosen.connect(table.trigger)
        self._palette.set_commands(table.entries())
        self._palette.open_over(self._window)

    def show_keys(self) -> None:
        """Open the sheet of keys, where they can be changed too."""
        from widgets.key_sheet import KeySheet

        window = self._window
        sheet = KeySheet(window)
        sheet.setObjectName("key_sheet")
        sheet.set_commands(window.actions_table.entries())

        def change(command_id: str, keys: str) -> None:
            shortcuts = window.settings.shortcuts
            robbed = take_key(shortcuts, command_id, keys)
            show()
            if robbed:
                sheet.say(f"{shown_key(keys)} was taken from “{'”, “'.join(robbed)}”.")

        def restore() -> None:
            window.settings.shortcuts.clear()
            show()

        def show() -> None:
            window.actions_table.apply_shortcuts(window.settings.shortcuts)
            save_settings(window.settings)
            sheet.set_commands(window.actions_table.entries())

        sheet.shortcut_changed.connect(change)
        sheet.defaults_requested.connect(restore)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def show_about(self) -> None:
        from app.dialogs.about import about_box

        box = about_box(self._window)
        box.finished.connect(box.deleteLater)
        box.open()

    def open_log(self) -> None:
        """Show the log in whatever the desktop opens text with; say where it is where there is nothing."""
        file = log_file()
        if not file.exists() or not QDesktopServices.openUrl(QUrl.fromLocalFile(str(file))):
            self._window.notice.inform(f"The log is {file}")
