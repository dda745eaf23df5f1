"""How long the event loop is away: a timer that should fire every millisecond, and the gaps between its calls.

A gap in wall-clock time is what a key press would have waited; on a machine that others use too it holds their work
as well. The CPU time of the GUI thread within each gap says how much of it is our own doing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QObject, Qt, QTimer
from PyQt6.QtWidgets import QApplication

if TYPE_CHECKING:
    from app.main_window import MainWindow

INTERVAL_MS = 1
OPEN_WITHIN_S = 60.0
_applications: list[QApplication] = []
"""kept, since Qt is gone with the last name of its application"""


def open_window(run: Path, scheme: str = "light") -> MainWindow:
    """The window as a user has it, with a run open and its first frame painted."""
    from app.main_window import MainWindow
    from app.settings import Settings
    from app.start import demo_path, make_application
    from widgets import theme

    application = make_application(["friedel"])
    _applications.append(application)
    theme.apply_theme(application, scheme)
    window = MainWindow(Settings(annotator="bench", theme=scheme, embed_on_open=False), demo_path())
    window.resize(1280, 800)
    window.show()
    window.resize(1280, 800)
    live(OPEN_WITHIN_S, lambda: window.panes is not None)
    window.open_path(str(run))
    live(OPEN_WITHIN_S, lambda: window.session is not None and window.panes.frame_view.picture is not None)
    window.activateWindow()
    return window


class GapMeter(QObject):
    """Collects the time between timer calls while it is on. A gap is what a key press would have waited at worst."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._tick)
        self._last = (0.0, 0.0)
        self._gaps: list[tuple[float, float]] = []

    def start(self) -> None:
        self._gaps.clear()
        self._last = (time.perf_counter(), time.thread_time())
        self._timer.start()

    def stop(self) -> np.ndarray:
        """(n, 2) gaps in ms: wall-clock time, and CPU time of this thread."""
        self._timer.stop()
        return 1000.0 * np.asarray(self._gaps)

    def _tick(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        self._gaps.append((now[0] - self._last[0], now[1] - self._last[1]))
        self._last = now


def live(seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
    """Run the event loop for so long, or until something is there; gives whether it is."""
    application = QApplication.instance()
    assert application is not None
    done: list[bool] = []
    watch = QTimer()
    watch.setInterval(20)
    deadline = time.perf_counter() + seconds

    def look() -> None:
        there = until()
        if there or time.perf_counter() > deadline:
            done.append(there)
            application.exit()

    watch.timeout.connect(look)
    watch.start()
    application.exec()
    watch.stop()
    return done[-1]


HEADER = (
    "| | wall: median | 99 % | largest | own CPU: 99 % | largest | samples | limit |\n"
    "|---|---|---|---|---|---|---|---|"
)


def row(what: str, gaps: np.ndarray, limit: str = "") -> str:
    """A row of the table, in ms."""
    wall, cpu = gaps[:, 0], gaps[:, 1]
    p50, p99 = np.percentile(wall, [50, 99])
    c99 = np.percentile(cpu, 99)
    return (
        f"| {what} | {p50:.1f} | {p99:.1f} | {wall.max():.1f} | {c99:.1f} | {cpu.max():.1f} | {len(gaps)} | {limit} |"
    )
