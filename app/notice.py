"""A line over the frame that says one sentence and goes again: no dialog to click away, and nothing moves for it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from widgets import icons, theme

WIDEST = 760
MARGIN = 12
TOP = 68
PASSING_MS = 6000
"""information goes away by itself after this; problems stay until dismissed"""


class NoticeBar(QFrame):
    """Shows the latest notice over the top of its parent; hidden while there is none."""

    action_requested = pyqtSignal()
    """the button beside the sentence was pressed"""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        parent.installEventFilter(self)
        self.setObjectName("notice")
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._problem = False
        self._sign = QLabel()
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._action = QPushButton()
        self._action.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._dismiss = QToolButton()
        self._dismiss.setText("✕")
        self._dismiss.setAutoRaise(True)
        self._dismiss.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._dismiss.setToolTip("Dismiss")
        self._dismiss.setAccessibleName("Dismiss")
        box = QHBoxLayout(self)
        box.setContentsMargins(10, 6, 6, 6)
        box.addWidget(self._sign)
        box.addWidget(self._words, 1)
        box.addWidget(self._action)
        box.addWidget(self._dismiss)
        self._passing = QTimer(self)
        self._passing.setSingleShot(True)
        self._passing.timeout.connect(self.clear)
        self._dismiss.clicked.connect(self.clear)
        self._action.clicked.connect(self.action_requested)
        self.hide()

    def inform(self, sentence: str, action: str = "") -> None:
        """Say something that is fine; goes away by itself unless it offers an action."""
        self._say(sentence, action, problem=False)
        if not action:
            self._passing.start(PASSING_MS)

    def warn(self, sentence: str, action: str = "") -> None:
        """Say that something failed; stays until dismissed or replaced."""
        self._say(sentence, action, problem=True)

    def clear(self) -> None:
        self._passing.stop()
        self._words.setText("")
        self.hide()

    def text(self) -> str:
        """The sentence shown, "" for none."""
        return self._words.text()

    def is_problem(self) -> bool:
        """Whether what is shown says that something failed."""
        return self._problem and bool(self.text())

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and self.text():
            self._colour()

    def _say(self, sentence: str, action: str, *, problem: bool) -> None:
        self._passing.stop()
        self._problem = problem
        self._words.setText(sentence)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._colour()
        self._place()
        self.show()
        self.raise_()

    def _place(self) -> None:
        """As wide as fits, as high as the sentence needs, below header and tools."""
        width = max(200, min(WIDEST, self._parent.width() - 2 * MARGIN))
        self.setFixedWidth(width)
        height = max(self.heightForWidth(width), self.sizeHint().height())
        left = (self._parent.width() - width) // 2
        self.setGeometry(left, min(TOP, max(0, self._parent.height() - height)), width, height)

    def _colour(self) -> None:
        # Not the bar's own palette: what was set on it before would stay through a change of theme.
        base = QApplication.palette()
        colour = theme.warning_colour(base) if self._problem else base.color(QPalette.ColorRole.Link)
        name = "warning" if self._problem else "info"
        self._sign.setPixmap(icons.icon_pixmap(name, colour, 16, self.devicePixelRatioF()))
        ground = theme.mixed(base.color(QPalette.ColorRole.Base), colour, 0.12)
        if self.palette().color(QPalette.ColorRole.Window) != ground:
            # Only this role: all others go on following the theme.
            palette = QPalette()
            palette.setColor(QPalette.ColorRole.Window, ground)
            self.setPalette(palette)
