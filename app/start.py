"""Bring the window up: nothing heavy is imported before it has been painted once."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication

import resources
from app.crash import CrashGuard
from app.log import log_qt_messages, start_log
from app.main_window import MainWindow
from app.settings import load_settings
from widgets import theme

log = logging.getLogger(__name__)


def demo_path() -> Path:
    """The demo run that comes with Friedel."""
    return Path(resources.__file__).parent / "demo" / "demo.cxi"


SWITCH_INTERVAL_S = 0.0005
"""worker threads let the GUI thread run after at most this; Python's default is ten times as long"""


def make_application(arguments: list[str]) -> QApplication:
    """The QApplication with Friedel's names; the present one where there is one already."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(arguments)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    application.setApplicationName("friedel")
    application.setApplicationDisplayName("Friedel")
    application.setDesktopFileName("friedel")
    return application


def run_window(path: str | None = None, demo: bool = False) -> int:
    """Show the window, open `path` (or the demo run) in it, and stay until it is closed; gives the exit status."""
    start_log()
    log_qt_messages()
    application = make_application(sys.argv[:1])
    settings = load_settings()
    theme.apply_theme(application, settings.theme)
    window = MainWindow(settings, demo_path())
    guard = CrashGuard(window.make_safe, window)
    guard.install()
    _heed_interrupts(application)
    window.show()
    if demo:
        window.when_ready(lambda: window.open_path(str(demo_path())))
    elif path:
        window.when_ready(lambda: window.open_path(str(Path(path).absolute())))
    try:
        status = application.exec()
    finally:
        window.shut_down()
        guard.uninstall()
    from app.reading import still_hanging

    if still_hanging():
        from app.jobs.service import the_service

        # Everything is saved. What Python and HDF5 do at the end would wait for a disk that does not answer.
        the_service().close()
        logging.shutdown()
        os._exit(status)
    return status


def _heed_interrupts(application: QApplication) -> None:
    """Let Ctrl+C in the terminal close the window: Python needs to run now and then to notice it."""
    signal.signal(signal.SIGINT, lambda *_: application.quit())
    if os.name == "posix":
        signal.signal(signal.SIGTERM, lambda *_: application.quit())
    ticker = QTimer(application)
    ticker.setInterval(500)
    ticker.timeout.connect(lambda: None)
    ticker.start()
