"""The table of commands as Qt actions: menus, shortcuts, tool tips, and keys that stay out of the way of typing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PyQt6 import sip
from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from app.commands import CLASS_KEYS, COMMANDS, MENUS, Command, Needs, keys_of, shown_key
from widgets.palette import CommandEntry

Handler = Callable[[], None] | Callable[[bool], None]


class Actions(QObject):
    """One QAction for every command, wired to its handler.

    A handler of a checkable command is called with the new state, any other without arguments. Every command of the
    table needs one: a missing handler is a KeyError when the window is made, not a dead menu entry.
    """

    def __init__(
        self, window: QMainWindow, handlers: Mapping[str, Handler], overrides: Mapping[str, Sequence[str]]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._actions: dict[str, QAction] = {}
        self._groups: dict[str, QActionGroup] = {}
        for command in COMMANDS:
            self._actions[command.id] = self._make(command, handlers[command.id])
        self.apply_shortcuts(overrides)
        self.set_available({Needs.NOTHING})
        self._guard = TypingGuard(self)

    def __contains__(self, command_id: str) -> bool:
        return command_id in self._actions

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def set_available(self, present: set[Needs]) -> None:
        """Enable the commands whose need is among `present`."""
        for command in COMMANDS:
            self._actions[command.id].setEnabled(command.needs in present)

    def set_checked(self, command_id: str, checked: bool) -> None:
        """Show a state without calling the handler."""
        action = self._actions[command_id]
        if action.isChecked() != checked:
            action.setChecked(checked)

    def uncheck(self, group: str) -> None:
        """Show that none of a group's commands is the present state."""
        chosen = self._groups[group].checkedAction()
        if chosen is not None:
            self._groups[group].setExclusive(False)
            chosen.setChecked(False)
            self._groups[group].setExclusive(True)

    def trigger(self, command_id: str) -> bool:
        """Do the command as if its menu entry was chosen; False where it is disabled."""
        action = self._actions[command_id]
        if not action.isEnabled():
            return False
        action.trigger()
        return True

    def entries(self) -> list[CommandEntry]:
        """All commands as palette and sheet of keys list them; menu entries that are hidden are left out."""
        found = []
        for command in COMMANDS:
            action = self._actions[command.id]
            if not action.isVisible():
                continue
            found.append(
                CommandEntry(
                    id=command.id,
                    title=action.text().replace("&", ""),
                    menu=f"{command.menu} › {command.submenu}" if command.submenu else command.menu,
                    keys=tuple(key.toString() for key in action.shortcuts()),
                    enabled=action.isEnabled(),
                    help=command.help,
                    checked=action.isChecked() if command.checkable else None,
                )
            )
        return found

    def name_classes(self, names: Mapping[int, str]) -> None:
        """Show the classes by name where they have a key (1 … 9), and hide the commands of keys without a class."""
        for number in CLASS_KEYS:
            name = names.get(number)
            for command_id in (f"label.class_{number}", f"label.selection_{number}"):
                action = self._actions[command_id]
                action.setVisible(name is not None)
                if name is not None:
                    action.setText(name.replace("&", "&&"))

    def apply_shortcuts(self, overrides: Mapping[str, Sequence[str]]) -> None:
        """Set all shortcuts, the user's before the defaults."""
        for command in COMMANDS:
            keys = keys_of(command, overrides)
            action = self._actions[command.id]
            action.setShortcuts([QKeySequence(key) for key in keys])
            tip = command.help + (f" ({', '.join(shown_key(key) for key in keys)})" if keys else "")
            action.setToolTip(tip)
            action.setStatusTip("")
            action.setWhatsThis(tip)

    def fill_menus(self) -> dict[str, QMenu]:
        """Put every command into the menu bar; gives the menus by title."""
        bar = self._window.menuBar()
        if bar is None:
            return {}
        menus: dict[str, QMenu] = {}
        for title in MENUS:
            menu = bar.addMenu(f"&{title}")
            if menu is None:
                continue
            menu.setToolTipsVisible(True)
            menus[title] = menu
            self._fill(menu, menus, [command for command in COMMANDS if command.menu == title])
        return menus

    def _fill(self, menu: QMenu, menus: dict[str, QMenu], commands: Sequence[Command]) -> None:
        section = commands[0].section
        for command in commands:
            if command.section != section:
                menu.addSeparator()
                section = command.section
            owner = menu
            if command.submenu:
                key = f"{command.menu}/{command.submenu}"
                if key not in menus:
                    sub = menu.addMenu(command.submenu)
                    if sub is None:
                        continue
                    sub.setToolTipsVisible(True)
                    menus[key] = sub
                owner = menus[key]
            owner.addAction(self._actions[command.id])

    def _make(self, command: Command, handler: Handler) -> QAction:
        action = QAction(command.title, self._window)
        action.setObjectName(command.id)
        action.setCheckable(command.checkable)
        action.setAutoRepeat(command.repeats)
        if command.id == "run.quit":
            action.setMenuRole(QAction.MenuRole.QuitRole)
        else:
            action.setMenuRole(QAction.MenuRole.NoRole)
        if command.group:
            if command.group not in self._groups:
                self._groups[command.group] = QActionGroup(self._window)
            self._groups[command.group].addAction(action)
        if command.checkable:
            action.triggered.connect(handler)
        else:
            action.triggered.connect(lambda _checked=False: handler())  # type: ignore[call-arg]
        # Also in the window itself, so that the keys work while the menu bar is hidden (full screen).
        self._window.addAction(action)
        return action


class TypingGuard(QObject):
    """Lets text fields have the keys that are typed into them before any shortcut gets them.

    Qt asks the focused widget first whether it wants a key that is also a shortcut. Line edits claim letters and
    digits, but not Enter, Escape or Space everywhere; here they claim all that comes without Ctrl or Alt.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._watched: QWidget | None = None
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._focus_changed)

    def _focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self._watched is not None and not sip.isdeleted(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = None
        if new is not None and takes_text(new):
            new.installEventFilter(self)
            self._watched = new

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            commanding = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
            if not event.modifiers() & commanding:
                event.accept()
                return True
        return super().eventFilter(watched, event)


def takes_text(widget: QWidget) -> bool:
    """Whether keys typed while this widget has the focus are text."""
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit | QAbstractSpinBox)
