"""The card that comes up beside a point of the map: the frame's thumbnail and a few words."""

from __future__ import annotations

from PyQt6.QtCore import QPoint, QRectF, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QPixmap
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

SIDE = 128
"""Longer side of the thumbnail, logical pixels."""


class HoverCard(QWidget):
    """Lies over the map without catching the mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        box = QVBoxLayout(self)
        box.setContentsMargins(6, 6, 6, 6)
        box.setSpacing(3)
        box.addWidget(self._picture)
        box.addWidget(self._words)
        self.hide()

    def show_frame(self, image: QImage | None, text: str, beside: QPoint) -> None:
        """Show thumbnail and text near a point of the parent, inside its borders."""
        if image is None or image.isNull():
            self._picture.clear()
            self._picture.hide()
        else:
            ratio = self.devicePixelRatioF()
            side = round(SIDE * ratio)
            # Frames are small numbers of pixels: blowing them up without smoothing keeps them honest.
            grows = max(image.width(), image.height()) < side
            mode = Qt.TransformationMode.FastTransformation if grows else Qt.TransformationMode.SmoothTransformation
            scaled = image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, mode)
            scaled.setDevicePixelRatio(ratio)
            self._picture.setPixmap(QPixmap.fromImage(scaled))
            self._picture.show()
        self._words.setText(text)
        self._words.setVisible(bool(text))
        self.adjustSize()
        parent = self.parentWidget()
        assert parent is not None
        x = beside.x() + 16
        if x + self.width() > parent.width():
            x = beside.x() - 16 - self.width()
        y = min(max(4, beside.y() - self.height() // 2), parent.height() - self.height() - 4)
        self.move(max(4, x), max(4, y))
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.setBrush(palette.color(QPalette.ColorRole.ToolTipBase))
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def text(self) -> str:
        """The words shown."""
        return self._words.text()
