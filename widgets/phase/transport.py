"""Run, pause, step, stop; how far it is, how fast, and how long it still takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from widgets import icons, theme
from widgets.phase.narrow import ShortLabel, shorten
from widgets.text import duration, grouped, significant

IDLE, PREPARING, RUNNING, PAUSED, STOPPING, DONE, STOPPED, FAILED = (
    "idle", "preparing", "running", "paused", "stopping", "done", "stopped", "failed",
)  # fmt: skip
_WORDS = {
    IDLE: "Nothing was reconstructed yet",
    PREPARING: "Preparing the pattern…",
    RUNNING: "Running",
    PAUSED: "Paused",
    STOPPING: "Stopping…",
    DONE: "Finished",
    STOPPED: "Stopped",
    FAILED: "Failed",
}
_SETTLED = 0.02


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a reconstruction is.

    Attributes:
        done, total: iterations of all starts together; total 0 where not known. rate: iterations per second, NaN
        where not known. left_s: seconds still to go, None where not known. stage: what goes on before the starts.
    """

    done: int = 0
    total: int = 0
    rate: float = math.nan
    left_s: float | None = None
    stage: str = ""


class Transport(QWidget):
    """The buttons show what can be done; the words and the bar what is being done."""

    run_wanted = pyqtSignal()
    pause_wanted = pyqtSignal()
    """pause, or go on where it is paused"""
    step_wanted = pyqtSignal()
    stop_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = IDLE
        self._keys = {"run": "", "pause": "", "step": "", "stop": ""}
        self.run = self._button("Run", "play")
        self.pause = self._button("Pause", "pause")
        self.step = self._button("Step", "step")
        self.stop = self._button("Stop", "stop")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._bar.setMaximumWidth(220)
        self._bar.setMinimumWidth(60)
        self._words = ShortLabel()
        self._badge = QLabel("Preview")
        self._badge.setToolTip("Nothing says yet that another start would give the same.")
        self._badge.hide()
        self.setMinimumWidth(260)
        line = QHBoxLayout(self)
        line.setContentsMargins(4, 2, 8, 2)
        line.setSpacing(4)
        for button in (self.run, self.pause, self.step, self.stop):
            line.addWidget(button)
        line.addSpacing(6)
        line.addWidget(self._badge)
        line.addWidget(self._words, 1)
        line.addWidget(self._bar)
        self.run.clicked.connect(self.run_wanted)
        self.pause.clicked.connect(self.pause_wanted)
        self.step.clicked.connect(self.step_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self._follow_palette()
        self.set_state(IDLE)

    def set_keys(self, run: str, pause: str, step: str, stop: str) -> None:
        """Shortcuts, for the tool tips."""
        self._keys = {"run": run, "pause": pause, "step": step, "stop": stop}
        self._tips()

    def set_state(self, state: str, words: str = "") -> None:
        """Where it stands (`IDLE` …), with a sentence where one is needed."""
        self._state = state
        alive = state in (RUNNING, PAUSED)
        self.run.setEnabled(state in (IDLE, DONE, STOPPED, FAILED))
        self.run.setText("Run again" if state in (DONE, STOPPED) else "Run")
        self.pause.setEnabled(alive)
        self.pause.setText("Go on" if state == PAUSED else "Pause")
        self.pause.setIcon(icons.tool_icon("play" if state == PAUSED else "pause"))
        self.step.setEnabled(state == PAUSED)
        self.stop.setEnabled(alive or state == PREPARING)
        self._bar.setVisible(state in (PREPARING, RUNNING, PAUSED, STOPPING))
        if state == PREPARING:
            self._bar.setRange(0, 0)
        self._words.setText(words or _WORDS[state])
        self._tips()

    @property
    def state(self) -> str:
        return self._state

    def set_pace(self, pace: Pace) -> None:
        """How far it is; shown while it runs or is paused."""
        if self._state not in (RUNNING, PAUSED):
            return
        self._bar.setRange(0, max(1, pace.total))
        self._bar.setValue(min(pace.done, max(1, pace.total)))
        parts = [_WORDS[self._state]] if self._state == PAUSED else []
        if pace.stage:
            parts.append(pace.stage)
        total = f" of {grouped(pace.total)}" if pace.total else ""
        if pace.done or not pace.stage:
            parts.append(f"iteration {grouped(pace.done)}{total}")
        # At first processes are being made and libraries loaded: a rate of that time would promise hours.
        if self._state == RUNNING and pace.done >= _SETTLED * pace.total:
            if math.isfinite(pace.rate):
                rate = grouped(round(pace.rate)) if pace.rate >= 100 else significant(pace.rate, 2)
                parts.append(f"{rate} per second")
            if left := duration(pace.left_s):
                parts.append(f"{left} left")
        self._words.setText("   ·   ".join(parts))

    def set_preview(self, preview: bool) -> None:
        """Whether what is shown has not been judged."""
        self._badge.setVisible(preview)

    def text(self) -> str:
        return self._words.text()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        shorten((self.run, self.pause, self.step, self.stop), self.width() < 620)
        self._bar.setMaximumWidth(60 if self.width() < 620 else 220)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_badge"):
            self._follow_palette()

    def _follow_palette(self) -> None:
        ink = theme.warning_colour(self.palette()).name()
        style = f"QLabel {{ color: {ink}; border: 1px solid {ink}; border-radius: 3px; padding: 0 4px; }}"
        if self._badge.styleSheet() != style:
            self._badge.setStyleSheet(style)

    def _tips(self) -> None:
        for name, tip in (
            ("run", "Prepare this frame's pattern and reconstruct it"),
            ("pause", "Go on" if self._state == PAUSED else "Pause; nothing is lost"),
            ("step", "One iteration of every start"),
            ("stop", "Stop, and keep what there is"),
        ):
            key = f" ({self._keys[name]})" if self._keys[name] else ""
            getattr(self, name).setToolTip(tip + key)

    @staticmethod
    def _button(text: str, icon: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setIcon(icons.tool_icon(icon))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(text)
        return button
