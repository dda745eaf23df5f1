"""Small line icons, drawn with the palette's text colour so that they fit light and dark at every pixel ratio."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import (
    QColor,
    QGuiApplication,
    QIcon,
    QIconEngine,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPixmap,
    QPixmapCache,
    QPolygonF,
)

from widgets import theme


class _PathIcon(QIconEngine):
    """Strokes and fills paths laid out on a 16×16 grid, in the colour of the present palette."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        palette = QGuiApplication.palette()
        group = QPalette.ColorGroup.Disabled if mode == QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        role = QPalette.ColorRole.HighlightedText if mode == QIcon.Mode.Selected else QPalette.ColorRole.ButtonText
        draw_icon(painter, QRectF(rect), self._name, palette.color(group, role))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _PathIcon(self._name)


def tool_icon(name: str) -> QIcon:
    """The icon called `name`; it follows the palette.

    Raises:
        KeyError: for an unknown name.
    """
    _SHAPES[name]
    return QIcon(_PathIcon(name))


def draw_icon(painter: QPainter, rect: QRectF, name: str, colour: QColor) -> None:
    """Draw the icon into the largest square inside `rect`."""
    side = min(rect.width(), rect.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center().x() - side / 2, rect.center().y() - side / 2)
    painter.scale(side / 16, side / 16)
    pen = QPen(colour, 1.4)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _SHAPES[name](painter, colour)
    painter.restore()


def icon_pixmap(name: str, colour: QColor, side: int, ratio: float = 1.0) -> QPixmap:
    """The icon as a pixmap of `side` logical pixels, for labels."""
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_icon(painter, QRectF(0, 0, side, side), name, colour)
    painter.end()
    return pixmap


def marker_pixmap(marker: str, colour: QColor, side: int, ratio: float = 1.0) -> QPixmap:
    """A class marker as a pixmap of `side` logical pixels, for lists, legends and tables."""
    # Lists are filled anew after every label: painting two dozen markers each time would be felt.
    key = f"marker {marker} {colour.rgba()} {side} {ratio}"
    known = QPixmapCache.find(key)
    if known is not None:
        return known
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_marker(painter, QPointF(side / 2, side / 2), marker, colour, side - 2.0)
    painter.end()
    QPixmapCache.insert(key, pixmap)
    return pixmap


def marker_icon(marker: str, colour: QColor, side: int = 16) -> QIcon:
    """A class marker as an icon."""
    icon = QIcon()
    for ratio in (1.0, 2.0):
        pixmap = marker_pixmap(marker, colour, side, ratio)
        # The same in every mode: a selected or disabled row must not change the colour that names the class.
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Disabled):
            icon.addPixmap(pixmap, mode)
    return icon


def draw_marker(painter: QPainter, centre: QPointF, marker: str, colour: QColor, size: float) -> None:
    """Draw a class marker `size` pixels wide with a slightly darker edge that keeps pale colours visible."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(centre)
    painter.scale(size, size)
    pen = QPen(colour.darker(150), 1.0)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.setBrush(colour)
    painter.drawPath(theme.marker_path(marker))
    painter.restore()


def _lasso(p: QPainter, _c: QColor) -> None:
    path = QPainterPath(QPointF(5, 11.5))
    path.cubicTo(0.5, 10, 0.5, 2.5, 8, 2.5)
    path.cubicTo(15.5, 2.5, 15.5, 10.5, 8.5, 11)
    path.cubicTo(6, 11.2, 4.5, 10.2, 4.6, 11.8)
    path.cubicTo(4.8, 13, 6, 13, 5.6, 14.5)
    p.drawPath(path)


def _rectangle(p: QPainter, c: QColor) -> None:
    p.setPen(QPen(c, 1.4, Qt.PenStyle.DotLine))
    p.drawRect(QRectF(2, 3, 12, 10))


def _fit(p: QPainter, _c: QColor) -> None:
    for x, y, dx, dy in ((2, 2, 1, 1), (14, 2, -1, 1), (2, 14, 1, -1), (14, 14, -1, -1)):
        p.drawPolyline(QPolygonF([QPointF(x + 4 * dx, y), QPointF(x, y), QPointF(x, y + 4 * dy)]))
    p.drawEllipse(QPointF(8, 8), 1.6, 1.6)


def _pan(p: QPainter, _c: QColor) -> None:
    p.drawLine(QPointF(8, 2), QPointF(8, 14))
    p.drawLine(QPointF(2, 8), QPointF(14, 8))
    for x, y, dx, dy in ((8, 2, 2, 2), (8, 14, 2, -2)):
        p.drawPolyline(QPolygonF([QPointF(x - dx, y + dy), QPointF(x, y), QPointF(x + dx, y + dy)]))
        p.drawPolyline(QPolygonF([QPointF(y + dy, x - dx), QPointF(y, x), QPointF(y + dy, x + dx)]))


def _legend(p: QPainter, c: QColor) -> None:
    for y in (4.0, 8.0, 12.0):
        p.setBrush(c)
        p.drawEllipse(QPointF(3.5, y), 1.0, 1.0)
        p.drawLine(QPointF(7, y), QPointF(14, y))


def _cross(p: QPainter, _c: QColor) -> None:
    p.drawLine(QPointF(4, 4), QPointF(12, 12))
    p.drawLine(QPointF(12, 4), QPointF(4, 12))


def _plus(p: QPainter, _c: QColor) -> None:
    p.drawLine(QPointF(8, 3), QPointF(8, 13))
    p.drawLine(QPointF(3, 8), QPointF(13, 8))


def _minus(p: QPainter, _c: QColor) -> None:
    p.drawLine(QPointF(3, 8), QPointF(13, 8))


def _pencil(p: QPainter, _c: QColor) -> None:
    p.drawPolygon(
        QPolygonF([QPointF(2.5, 13.5), QPointF(3.5, 10), QPointF(11, 2.5), QPointF(13.5, 5), QPointF(6, 12.5)])
    )
    p.drawLine(QPointF(9, 4.5), QPointF(11.5, 7))


def _eraser(p: QPainter, _c: QColor) -> None:
    p.drawPolygon(QPolygonF([QPointF(2, 9.5), QPointF(8.5, 3), QPointF(13, 7.5), QPointF(8, 12.5), QPointF(5, 12.5)]))
    p.drawLine(QPointF(5.5, 6), QPointF(10, 10.5))
    p.drawLine(QPointF(4, 14), QPointF(13, 14))


def _drop(p: QPainter, _c: QColor) -> None:
    path = QPainterPath(QPointF(8, 2))
    path.cubicTo(10, 5.5, 12.5, 7.5, 12.5, 10)
    path.cubicTo(12.5, 15.5, 3.5, 15.5, 3.5, 10)
    path.cubicTo(3.5, 7.5, 6, 5.5, 8, 2)
    p.drawPath(path)


def _refresh(p: QPainter, _c: QColor) -> None:
    p.drawArc(QRectF(3, 3, 10, 10), 40 * 16, 290 * 16)
    p.drawPolyline(QPolygonF([QPointF(12.8, 1.6), QPointF(12.6, 5.2), QPointF(9, 5)]))


def _warning(p: QPainter, c: QColor) -> None:
    p.drawPolygon(QPolygonF([QPointF(8, 2), QPointF(14.5, 13.5), QPointF(1.5, 13.5)]))
    p.drawLine(QPointF(8, 6.5), QPointF(8, 9.5))
    p.setBrush(c)
    p.drawEllipse(QPointF(8, 11.6), 0.3, 0.3)


def _failed(p: QPainter, c: QColor) -> None:
    p.drawEllipse(QPointF(8, 8), 6.2, 6.2)
    p.drawLine(QPointF(5.8, 5.8), QPointF(10.2, 10.2))
    p.drawLine(QPointF(10.2, 5.8), QPointF(5.8, 10.2))


def _done(p: QPainter, c: QColor) -> None:
    p.drawEllipse(QPointF(8, 8), 6.2, 6.2)
    p.drawPolyline(QPolygonF([QPointF(5, 8.3), QPointF(7.2, 10.5), QPointF(11, 5.8)]))


def _info(p: QPainter, c: QColor) -> None:
    p.drawEllipse(QPointF(8, 8), 6.2, 6.2)
    p.drawLine(QPointF(8, 7.4), QPointF(8, 11.2))
    p.drawPoint(QPointF(8, 4.8))


def _stopped(p: QPainter, c: QColor) -> None:
    p.drawEllipse(QPointF(8, 8), 6.2, 6.2)
    p.drawLine(QPointF(5.3, 8), QPointF(10.7, 8))


def _file(p: QPainter, _c: QColor) -> None:
    p.drawPolygon(
        QPolygonF([QPointF(3.5, 1.8), QPointF(9.5, 1.8), QPointF(12.5, 4.8), QPointF(12.5, 14.2), QPointF(3.5, 14.2)])
    )
    p.drawPolyline(QPolygonF([QPointF(9.3, 2), QPointF(9.3, 5), QPointF(12.3, 5)]))


def _folder(p: QPainter, _c: QColor) -> None:
    p.drawPolygon(
        QPolygonF(
            [
                QPointF(1.8, 3.5),
                QPointF(6, 3.5),
                QPointF(7.5, 5.2),
                QPointF(14.2, 5.2),
                QPointF(14.2, 13),
                QPointF(1.8, 13),
            ]
        )
    )


def _play(p: QPainter, _c: QColor) -> None:
    p.drawPolygon(QPolygonF([QPointF(4.5, 2.8), QPointF(13, 8), QPointF(4.5, 13.2)]))


def _pause(p: QPainter, c: QColor) -> None:
    p.setBrush(c)
    for x in (4.5, 9.5):
        p.drawRect(QRectF(x, 3, 2, 10))


def _step(p: QPainter, _c: QColor) -> None:
    p.drawPolygon(QPolygonF([QPointF(3, 2.8), QPointF(10, 8), QPointF(3, 13.2)]))
    p.drawLine(QPointF(13, 2.8), QPointF(13, 13.2))


def _stop(p: QPainter, _c: QColor) -> None:
    p.drawRect(QRectF(3.5, 3.5, 9, 9))


def _polygon(p: QPainter, _c: QColor) -> None:
    p.drawPolygon(
        QPolygonF([QPointF(3, 12.5), QPointF(2.5, 5), QPointF(8, 2.2), QPointF(13.5, 6.5), QPointF(11, 13.5)])
    )


def _ellipse(p: QPainter, _c: QColor) -> None:
    p.drawEllipse(QPointF(8, 8), 6.3, 4.5)


def _reset(p: QPainter, _c: QColor) -> None:
    p.drawArc(QRectF(3, 3, 10, 10), -130 * 16, 270 * 16)
    p.drawPolyline(QPolygonF([QPointF(3.2, 8.2), QPointF(4.4, 11.8), QPointF(7.6, 10.4)]))


_SHAPES: dict[str, Callable[[QPainter, QColor], None]] = {
    "lasso": _lasso,
    "rectangle": _rectangle,
    "fit": _fit,
    "pan": _pan,
    "legend": _legend,
    "cross": _cross,
    "plus": _plus,
    "minus": _minus,
    "pencil": _pencil,
    "eraser": _eraser,
    "drop": _drop,
    "refresh": _refresh,
    "warning": _warning,
    "failed": _failed,
    "done": _done,
    "info": _info,
    "stopped": _stopped,
    "file": _file,
    "folder": _folder,
    "play": _play,
    "pause": _pause,
    "step": _step,
    "stop": _stop,
    "polygon": _polygon,
    "ellipse": _ellipse,
    "reset": _reset,
}
