"""The log: a rotating file in the user's folder that keeps what the screen only sums up in a sentence."""

from __future__ import annotations

import logging
import logging.handlers
import os
import platform
import sys
from pathlib import Path

from PyQt6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from app.settings import config_folder

log = logging.getLogger(__name__)
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_HARMLESS = ("This plugin does not support propagateSizeHints()",)
"""what platforms without a window manager say of every window"""

MAX_BYTES = 1_000_000
KEPT = 3


def log_file() -> Path:
    """Where the log is."""
    return config_folder() / "friedel.log"


def start_log(level: int = logging.INFO) -> None:
    """Send everything from `level` up to the log file, and warnings to stderr too; safe to call again."""
    root = logging.getLogger()
    if any(getattr(handler, "friedel", False) for handler in root.handlers):
        return
    root.setLevel(level)
    form = logging.Formatter("%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s")
    handlers: list[logging.Handler] = []
    to_screen = logging.StreamHandler()
    to_screen.setLevel(logging.ERROR)
    handlers.append(to_screen)
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                log_file(), maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8", delay=True
            )
        )
    except OSError as error:
        root.addHandler(to_screen)
        log.error("no log file: %s", error)
        return
    for handler in handlers:
        handler.setFormatter(form)
        handler.friedel = True  # type: ignore[attr-defined]
        root.addHandler(handler)
    log.info("Friedel starts: Python %s, %s, process %d", sys.version.split()[0], platform.platform(), os.getpid())


def log_qt_messages() -> None:
    """Send what Qt has to say to the log instead of to stderr."""
    qt = logging.getLogger("Qt")

    def take(kind: QtMsgType, _context: QMessageLogContext, text: str | None) -> None:
        level = logging.DEBUG if text in _HARMLESS else _LEVELS.get(kind, logging.WARNING)
        qt.log(level, "%s", text)

    qInstallMessageHandler(take)


def recent_lines(count: int = 200) -> str:
    """The last lines of the log, for the crash dialog; a sentence where there is none."""
    try:
        lines = log_file().read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        return f"The log cannot be read: {error}"
    return "\n".join(lines[-count:])
