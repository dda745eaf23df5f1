"""Two pictures of one frame: under one divider that can be dragged, side by side, or the second alone."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QRegion, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from models.display import ColourTable, Picture
from widgets.denoise.canvas import LayerCanvas

DIVIDED, BESIDE, AFTER = "divided", "beside", "after"
_GRIP_PX = 15
_STEP = 0.02
_GAP_PX = 3


class Divider(QWidget):
    """The line between before and after, with its handle; ← and → move it while it has the keys."""

    moved = pyqtSignal(float)
    """by this many pixels, by mouse"""
    stepped = pyqtSignal(int)
    """by this many steps, by key"""
    sent = pyqtSignal(float)
    """to this share of the width, by key"""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Divider between before and after")
        self.setToolTip("Drag, or move with ← and → (from the pictures with < and >)")
        self._held: float | None = None

    def event(self, event: QEvent | None) -> bool:
        """While it has the keys, ← and → are its own."""
        asked = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        keys = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)
        if asked and event.key() in keys and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Less: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Greater: 1}
        ends = {Qt.Key.Key_Home: 0.0, Qt.Key.Key_End: 1.0}
        key = Qt.Key(event.key())
        if key in steps:
            self.stepped.emit(steps[key])
        elif key in ends:
            self.sent.emit(ends[key])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._held = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and self._held is not None:
            self.moved.emit(event.position().x() - self._held)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        self.sent.emit(0.5)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at, height = self.width() / 2, float(self.height())
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (QColor(255, 255, 255), 1.6)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(at, 0), QPointF(at, height))
        grip = QRectF(at - 5, height / 2 - 16, 10, 32)
        colour = QColor(255, 255, 255)
        if self.hasFocus():
            colour = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setBrush(colour)
        painter.setPen(QPen(QColor(0, 0, 0, 170), 1.0))
        painter.drawRoundedRect(grip, 4, 4)
        for offset in (-1.5, 1.5):
            painter.drawLine(QPointF(at + offset, grip.top() + 9), QPointF(at + offset, grip.bottom() - 9))
        painter.end()


class Comparison(QWidget):
    """Before and after, zoomed and panned as one."""

    divider_moved = pyqtSignal(float)
    """share of the width left of the divider, after the user moved it"""
    hovered = pyqtSignal(int, int)
    """pixel (y, x) under the cursor, in either picture"""
    hover_left = pyqtSignal()
    pool_wanted = pyqtSignal(float)
    """frame pixels per screen pixel at the present zoom; 1 when every pixel has room"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.before = LayerCanvas("Measured", self)
        self.after = LayerCanvas("Denoised", self)
        self.divider = Divider(self)
        self._mode = DIVIDED
        self._share = 0.5
        self._following = False
        self._titles = ("", "")
        self._pool = 1.0
        for canvas, other in ((self.before, self.after), (self.after, self.before)):
            canvas.view_changed.connect(lambda one=canvas, two=other: self._follow(one, two))
            canvas.hovered.connect(lambda y, x, two=other: self._hovered(y, x, two))
            canvas.hover_left.connect(lambda two=other: self._left(two))
            canvas.divider_steps.connect(self._step)
            canvas.pool_wanted.connect(self._pool_changed)
        self.divider.moved.connect(lambda by: self._move(self._share + by / max(1, self.width())))
        self.divider.stepped.connect(self._step)
        self.divider.sent.connect(self._move)

    # -- for who feeds it ------------------------------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """`DIVIDED`, `BESIDE` or `AFTER` alone."""
        if mode != self._mode:
            self._mode = mode
            self._arrange()

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def share(self) -> float:
        """Of the width, left of the divider."""
        return self._share

    def set_share(self, share: float) -> None:
        self._share = min(1.0, max(0.0, share))
        self._arrange()

    def set_titles(self, before: str, after: str) -> None:
        self._titles = (before, after)
        self.before.set_title(before)
        self.after.set_title(after, right=self._mode == DIVIDED)

    def set_before(self, picture: Picture, table: ColourTable) -> None:
        self.before.set_picture(picture, table)

    def set_after(self, picture: Picture, table: ColourTable) -> None:
        self.after.set_picture(picture, table)

    def fit(self) -> None:
        """All of the frame."""
        self.before.fit()
        self.after.fit()

    def sizeHint(self) -> QSize:
        return QSize(520, 420)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        width, height = self.width(), self.height()
        divided = self._mode == DIVIDED
        self.divider.setVisible(divided)
        self.after.set_title(self._titles[1], right=divided)
        if divided:
            at = round(self._share * width)
            for canvas, first, wide in ((self.before, 0, at), (self.after, at, width - at)):
                canvas.setGeometry(0, 0, width, height)
                # An empty mask would be none at all.
                canvas.setVisible(wide > 0)
                canvas.setMask(QRegion(first, 0, max(1, wide), height))
            self.divider.setGeometry(at - _GRIP_PX // 2, 0, _GRIP_PX, height)
            self.divider.raise_()
            return
        for canvas in (self.before, self.after):
            canvas.clearMask()
        self.before.setVisible(self._mode == BESIDE)
        self.after.setVisible(True)
        if self._mode == BESIDE:
            half = (width - _GAP_PX) // 2
            self.before.setGeometry(0, 0, half, height)
            self.after.setGeometry(width - half, 0, half, height)
        else:
            self.after.setGeometry(0, 0, width, height)

    def _follow(self, one: LayerCanvas, other: LayerCanvas) -> None:
        """The other picture shows the same part."""
        if self._following or not one.shows_picture:
            return
        self._following = True
        other.set_view_box(one.view_box())
        self._following = False

    def _hovered(self, y: int, x: int, other: LayerCanvas) -> None:
        if self._mode == BESIDE:
            other.point_at((y, x))
        self.hovered.emit(y, x)

    def _left(self, other: LayerCanvas) -> None:
        other.point_at(None)
        if self.before.hover is None and self.after.hover is None:
            self.hover_left.emit()

    def _pool_changed(self, pool: float) -> None:
        if pool != self._pool:
            self._pool = pool
            self.pool_wanted.emit(pool)

    def _step(self, steps: int) -> None:
        self._move(self._share + steps * _STEP)

    def _move(self, share: float) -> None:
        self.set_share(share)
        self.divider_moved.emit(self._share)
