"""The middle of the window: which frame this is, the frame, and the filmstrip under it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from app.verdict_words import UNKNOWN_TIP, UNSURE_TIP, VERDICT_TIP, unknown_style
from widgets import icons, theme
from widgets.choices import show_choices
from widgets.filmstrip import Filmstrip
from widgets.frame_view import FrameView
from widgets.text import grouped, percent
from widgets.theme import ClassStyle

_SIDE = 14


class _Sign(QWidget):
    """A marker in its colour with words beside it; takes no room while it has none."""

    def __init__(self) -> None:
        super().__init__()
        self._marker = QLabel()
        self.words = QLabel()
        self._style: ClassStyle | None = None
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.addWidget(self._marker)
        box.addWidget(self.words)

    def show_sign(self, style: ClassStyle | None, words: str, tip: str = "") -> None:
        self._style = style
        if style is None:
            self._marker.clear()
        else:
            pixmap = icons.marker_pixmap(style.marker, QColor(style.colour), _SIDE, self.devicePixelRatioF())
            self._marker.setPixmap(pixmap)
        self._marker.setVisible(style is not None)
        self.words.setText(words)
        self.setToolTip(tip)


class _Elided(QLabel):
    """Words that give way at their beginning where there is no room: the end of an event identifier tells most."""

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideLeft, self.width())
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


class LiveBadge(QToolButton):
    """Says that frames are coming in; pressed, the newest is always shown."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self._coming = False
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()

    def show_state(self, words: str, *, coming: bool, can_follow: bool, follows: bool) -> None:
        self.words, self._coming = words, coming
        self.setText(f"{words} · following" if follows else words)
        self.setChecked(follows)
        self.setEnabled(can_follow)
        self.setToolTip(
            "The newest frame is shown always; going to another frame ends it"
            if follows
            else "Follow the newest frame"
            if can_follow
            else "The program that wrote this file has closed it"
        )
        self.setAccessibleName(f"Run being written: {words}")
        self.setIcon(self._dot())
        self.setVisible(bool(words))

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and self.words:
            self.setIcon(self._dot())

    def _dot(self) -> QIcon:
        """Filled while frames come, a ring while they may."""
        colour = theme.error_colour(self.palette()) if self._coming else theme.faint_text(self.palette())
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(colour if self._coming else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(3, 3, _SIDE - 6, _SIDE - 6))
        painter.end()
        return QIcon(pixmap)


class FrameHeader(QWidget):
    """Index, event, label and verdict of the frame on screen, and the order the frames are walked through in."""

    order_chosen = pyqtSignal(str)
    """kind of order, as `app.browsing` names them"""
    follow_toggled = pyqtSignal(bool)
    """whether the newest frame of a run that grows is to be shown always"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place = QLabel()
        self._place.setFont(theme.title_font(self.font()))
        self._event = _Elided()
        self._event.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.live = LiveBadge()
        self.live.clicked.connect(lambda: self.follow_toggled.emit(self.live.isChecked()))
        self.label = _Sign()
        self.verdict = _Sign()
        self._order = QComboBox()
        self._order.setMinimumContentsLength(12)
        self._order.setAccessibleName("Order of the frames")
        self._order.setToolTip("The order in which → and ← and the filmstrip walk through the frames")
        self._order.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._order.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._order.activated.connect(lambda row: self.order_chosen.emit(self._order.itemData(row)))
        box = QHBoxLayout(self)
        box.setContentsMargins(8, 4, 8, 2)
        box.setSpacing(12)
        box.addWidget(self._place)
        box.addWidget(self.live)
        box.addWidget(self.label)
        box.addWidget(self.verdict)
        box.addWidget(self._event, 1)
        self._colour()

    def show_place(self, index: int, total: int, event: str) -> None:
        """Which frame this is; `event` "" where the file has no identifiers."""
        self._place.setText(f"Frame {grouped(index)} of {grouped(total)}")
        self._event.setText(event)
        self._event.setToolTip(f"Event {event}" if event else "")

    def show_live(self, words: str, *, coming: bool = False, can_follow: bool = False, follows: bool = False) -> None:
        """What is known of a run that is being written; "" for any other."""
        self.live.show_state(words, coming=coming, can_follow=can_follow, follows=follows)

    def show_label(self, style: ClassStyle | None, unsure: bool) -> None:
        """What the user said of this frame."""
        words = style.name if style is not None else "unsure" if unsure else "not labelled"
        self.label.show_sign(style, words, UNSURE_TIP if unsure else "Your label of this frame")
        self._set_faint(self.label.words, style is None)

    def show_verdict(self, style: ClassStyle | None, confidence: float | None) -> None:
        """What the classifier says; no confidence, no verdict."""
        if confidence is None:
            self.verdict.show_sign(None, "")
            return
        tip = UNKNOWN_TIP if style is None else VERDICT_TIP
        style = style or unknown_style()
        self.verdict.show_sign(style, f"verdict {style.name} {percent(confidence)}", tip)

    def set_orders(self, orders: list[tuple[str, str]], present: str) -> None:
        """The orders to choose from, as (kind, title)."""
        show_choices(self._order, orders, present)

    @property
    def order_box(self) -> QComboBox:
        """The choice of orders; it stands among the frame view's tools."""
        return self._order

    def order(self) -> str:
        """The kind of order shown."""
        return str(self._order.currentData())

    def text(self) -> str:
        """Everything the header says, for tests and screen readers."""
        parts = (
            self._place.text(),
            self.live.words,
            self.label.words.text(),
            self.verdict.words.text(),
            self._event.text(),
        )
        return " · ".join(part for part in parts if part)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and hasattr(self, "_order"):
            self._colour()

    def minimumSizeHint(self) -> QSize:
        # The words give way before the window has to grow.
        return QSize(320, super().minimumSizeHint().height())

    def _colour(self) -> None:
        self._set_faint(self._event, True)

    def _set_faint(self, label: QLabel, faint: bool) -> None:
        colours = QPalette(self.palette())
        if faint:
            colours.setColor(QPalette.ColorRole.WindowText, theme.faint_text(self.palette()))
        label.setPalette(colours)


class FramePage(QWidget):
    """Header, frame view and filmstrip, one above the other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.header = FrameHeader()
        self.frame_view = FrameView()
        self.filmstrip = Filmstrip()
        order = QWidgetAction(self)
        order.setDefaultWidget(self.header.order_box)
        self.frame_view.add_actions([order])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.header)
        box.addWidget(self.frame_view, 1)
        box.addWidget(self.filmstrip)
