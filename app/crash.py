"""When something unforeseen happens: labels are made safe, the log gets the rest, the window lives on."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from app.jobs.threads import in_main, to_main
from app.log import log_file, recent_lines

log = logging.getLogger(__name__)

SILENT_AFTER = 3
"""dialogs for further failures are not shown once this many were: a failing paint would drown the user"""


class CrashGuard(QObject):
    """Takes unhandled exceptions of all threads.

    `make_safe` is called first and says in a sentence what is safe ("All 214 labels are on disk."); it must not
    raise.
    """

    def __init__(self, make_safe: Callable[[], str], parent: QWidget) -> None:
        super().__init__(parent)
        self._make_safe = make_safe
        self._window = parent
        self._shown = 0
        self._open = False
        self._earlier = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        sys.excepthook = self._unhandled
        threading.excepthook = self._unhandled_in_thread

    def uninstall(self) -> None:
        sys.excepthook, threading.excepthook = self._earlier

    def _unhandled(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        log.critical("unhandled:\n%s", text)
        safe = self._make_safe()
        if in_main():
            self.show(f"{kind.__name__}: {error}", text, safe)
        else:
            to_main(lambda: self.show(f"{kind.__name__}: {error}", text, safe))

    def _unhandled_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_type is SystemExit or args.exc_value is None:
            return
        self._unhandled(args.exc_type, args.exc_value, args.exc_traceback)

    def show(self, summary: str, text: str, safe: str) -> None:
        """The dialog; one at a time, and not for ever."""
        self._shown += 1
        if self._open or self._shown > SILENT_AFTER:
            return
        self._open = True
        box = crash_dialog(summary, text, safe, self._window)
        box.finished.connect(self._closed)
        box.open()

    def _closed(self) -> None:
        self._open = False


def crash_dialog(summary: str, text: str, safe: str, parent: QWidget | None = None) -> QMessageBox:
    """Says what happened and what is safe; offers to go on, to quit, and the report for whoever can repair it."""
    box = QMessageBox(parent)
    box.setObjectName("crash")
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Something went wrong")
    box.setText(f"Friedel ran into a fault of its own. {safe}")
    box.setInformativeText(
        f"{summary}\n\nYou can go on working; if the window behaves oddly, quit and start again. "
        f"The log is in {log_file()}."
    )
    box.setDetailedText(text)
    go_on = box.addButton("Go on", QMessageBox.ButtonRole.AcceptRole)
    copy = box.addButton("Copy report", QMessageBox.ButtonRole.ActionRole)
    leave = box.addButton("Quit", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(go_on if isinstance(go_on, QPushButton) else None)
    box.setEscapeButton(go_on)
    if isinstance(copy, QPushButton):
        # An action button would close the box as well; copying should leave it open.
        copy.clicked.disconnect()
        copy.clicked.connect(lambda: _copy(f"{text}\n\n{recent_lines()}"))
    if isinstance(leave, QPushButton):
        leave.clicked.connect(QApplication.quit)
    return box


def _copy(text: str) -> None:
    clipboard = QApplication.clipboard()
    if clipboard is not None:
        clipboard.setText(text)
