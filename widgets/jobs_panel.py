"""Work in the background: a list with progress, time left and a way to stop; and its one line in the status bar."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QPalette
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.text import duration, percent

OUTCOMES = ("done", "failed", "cancelled")
_SIGNS = {"done": "done", "failed": "failed", "cancelled": "stopped"}
_STEPS = 1000


def remaining(fraction: float | None, seconds_left: float | None) -> str:
    """ "62 % · 0:41 left", as far as known."""
    left = duration(seconds_left)
    return " · ".join(part for part in (percent(fraction), f"{left} left" if left else "") if part)


def _set_progress(bar: QProgressBar, fraction: float | None) -> None:
    if fraction is None:
        bar.setRange(0, 0)
    else:
        bar.setRange(0, _STEPS)
        bar.setValue(round(_STEPS * min(1.0, max(0.0, fraction))))


class _JobRow(QFrame):
    """One job: title, what it is doing, bar and time left; after its end the outcome."""

    cancel_clicked = pyqtSignal()
    details_clicked = pyqtSignal()
    removed = pyqtSignal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.outcome = ""
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._sign = QLabel()
        self._sign.hide()
        self._title = QLabel(title)
        self._title.setFont(theme.title_font(self.font()))
        self._numbers = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.hide()
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._bar.setAccessibleName(f"Progress of {title}")
        _set_progress(self._bar, None)
        self.cancel_button = QToolButton()
        self.cancel_button.setIcon(icons.tool_icon("cross"))
        self.cancel_button.setAutoRaise(True)
        self.cancel_button.setToolTip(f"Cancel: {title}")
        self.details_button = QPushButton("Details…")
        self.details_button.hide()
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._sign)
        head.addWidget(self._title, 1)
        head.addWidget(self._numbers)
        head.addWidget(self.details_button)
        head.addWidget(self.cancel_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 4, 4, 6)
        box.setSpacing(3)
        box.addLayout(head)
        box.addWidget(self._bar)
        box.addWidget(self._text)
        self.cancel_button.clicked.connect(self._cross_clicked)
        self.details_button.clicked.connect(self.details_clicked)

    def update_progress(self, fraction: float | None, text: str, seconds_left: float | None) -> None:
        _set_progress(self._bar, fraction)
        self._numbers.setText(remaining(fraction, seconds_left))
        self._text.setText(text)
        self._text.setVisible(bool(text))

    def finish(self, outcome: str, sentence: str) -> None:
        self.outcome = outcome
        self._bar.hide()
        self._numbers.clear()
        self._text.setText(sentence)
        self._text.setVisible(bool(sentence))
        self.details_button.setVisible(outcome == "failed")
        self.cancel_button.setEnabled(True)
        self.cancel_button.setToolTip("Remove from the list")
        self._show_sign()

    def set_cancelling(self) -> None:
        self.cancel_button.setEnabled(False)
        self._text.setText("stopping…")
        self._text.show()
        self._numbers.clear()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._show_sign()

    def _cross_clicked(self) -> None:
        if self.outcome:
            self.removed.emit()
        else:
            self.cancel_clicked.emit()

    def _show_sign(self) -> None:
        if not self.outcome:
            return
        palette = self.palette()
        colour = {
            "done": theme.good_colour(palette),
            "failed": theme.error_colour(palette),
        }.get(self.outcome, theme.faint_text(palette))
        self._sign.setPixmap(icons.icon_pixmap(_SIGNS[self.outcome], colour, 14, self.devicePixelRatioF()))
        self._sign.setToolTip(self.outcome)
        self._sign.show()


class JobsPanel(QWidget):
    """All jobs since the start, the newest on top. It shows them; it starts and stops none."""

    cancel_requested = pyqtSignal(str)
    """id of the job whose cross was clicked"""
    details_requested = pyqtSignal(str)
    """id of a failed job whose log should be shown"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, _JobRow] = {}
        self._empty = EmptyState(
            "No jobs",
            "Embedding, map layouts and exports run here in the background, with time left and a way to stop.",
        )
        column = QWidget()
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(4, 4, 4, 4)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(column)
        self._area = area
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(area)

    def add_job(self, job: str, title: str) -> None:
        """List a job that begins. `job` is its id; an ended job of the same id gives way to it."""
        if job in self._rows:
            self.remove_job(job)
        row = _JobRow(title)
        row.cancel_clicked.connect(lambda: self._cancel(job))
        row.details_clicked.connect(lambda: self.details_requested.emit(job))
        row.removed.connect(lambda: self.remove_job(job))
        self._rows[job] = row
        self._column.insertWidget(0, row)
        self._stack.setCurrentWidget(self._area)

    def update_job(self, job: str, fraction: float | None, text: str = "", seconds_left: float | None = None) -> None:
        """Show how far a job is; `fraction` None where that is not known. Unknown and ended jobs are passed over,
        since a record may still be under way when a job ends."""
        row = self._rows.get(job)
        if row is not None and not row.outcome:
            row.update_progress(fraction, text, seconds_left)

    def finish_job(self, job: str, outcome: str, sentence: str = "") -> None:
        """A job ended: `outcome` is one of `OUTCOMES`, `sentence` what came of it or what went wrong."""
        if outcome not in OUTCOMES:
            raise ValueError(f"outcome {outcome!r} is not one of {', '.join(OUTCOMES)}")
        row = self._rows.get(job)
        if row is not None:
            row.finish(outcome, sentence)

    def remove_job(self, job: str) -> None:
        """Take a job off the list."""
        row = self._rows.pop(job, None)
        if row is None:
            return
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        if not self._rows:
            self._stack.setCurrentWidget(self._empty)

    def jobs(self) -> tuple[str, ...]:
        """Ids of the listed jobs, oldest first."""
        return tuple(self._rows)

    def outcome(self, job: str) -> str:
        """How a listed job ended, "" while it runs. Raises KeyError where it is not listed."""
        return self._rows[job].outcome

    def _cancel(self, job: str) -> None:
        self._rows[job].set_cancelling()
        self.cancel_requested.emit(job)


class StatusJob(QWidget):
    """The job of the moment in the status bar: "embedding 62 % · 0:41 left ✕". Hidden while there is none."""

    cancel_requested = pyqtSignal(str)
    """id of the job shown"""
    list_requested = pyqtSignal()
    """clicked: the whole list should come up"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job = ""
        self._title = QLabel()
        self._numbers = QLabel()
        self._more = QLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(80, 6)
        self._cross = QToolButton()
        self._cross.setIcon(icons.tool_icon("cross"))
        self._cross.setAutoRaise(True)
        self._cross.clicked.connect(lambda: self.cancel_requested.emit(self._job))
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        for widget in (self._title, self._bar, self._numbers, self._more, self._cross):
            box.addWidget(widget)
        self._quieten()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Show all jobs")
        self.hide()

    def show_job(
        self, job: str, title: str, fraction: float | None, seconds_left: float | None = None, others: int = 0
    ) -> None:
        """Show this job, and how many others run besides."""
        self._job = job
        self._title.setText(title)
        _set_progress(self._bar, fraction)
        self._numbers.setText(remaining(fraction, seconds_left))
        self._more.setText(f"+{others}" if others else "")
        self._more.setVisible(bool(others))
        self._cross.setToolTip(f"Cancel: {title}")
        self.show()

    def clear(self) -> None:
        """No job runs."""
        self._job = ""
        self.hide()

    def job(self) -> str:
        """Id of the job shown, "" for none."""
        return self._job

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.list_requested.emit()
        super().mouseReleaseEvent(event)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._quieten()

    def _quieten(self) -> None:
        for label in (self._numbers, self._more):
            colours = label.palette()
            colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
            label.setPalette(colours)
