"""Thumbnails of the frames in the present order, of which only the visible ones ever exist.

A run may have a million frames: the strip knows their order and labels as arrays, asks for the thumbnails it is about
to paint, and forgets those not seen for long.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QBrush, QColor, QFontMetrics, QImage, QPainter, QPalette, QPen, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from models.display import colour_table
from widgets import icons, theme
from widgets.filmstrip_row import BAND, FilmstripRow
from widgets.frame.images import qt_colours, shared_image
from widgets.text import grouped, percent
from widgets.theme import ClassStyle

UNLABELLED = -1
UNSURE = -2

_KEPT = 2000
_ASK_AFTER_MS = 30


class Filmstrip(QWidget):
    """One row of thumbnails with class, index and confidence.

    The keyboard stays with the window: the strip never takes the focus.
    """

    frame_chosen = pyqtSignal(int)
    """index of the frame that was clicked"""
    thumbnails_wanted = pyqtSignal(list)
    """indices of the visible frames without a thumbnail, in the order seen; each list replaces the one before"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Filmstrip")
        self._row = FilmstripRow(self._paint_tile, self.describe, self)
        self._row.clicked.connect(lambda place: self.frame_chosen.emit(self._frame_at(place)))
        self._row.scrolled.connect(self._ask_soon)
        self._order: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._places: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._current = -1
        self._images: OrderedDict[int, QImage] = OrderedDict()
        self._unreadable: dict[int, str] = {}
        self._codes: npt.NDArray[Any] = np.empty(0, np.int16)
        self._verdicts: npt.NDArray[Any] = np.empty(0, np.int16)
        self._confidences: npt.NDArray[Any] = np.empty(0, np.float32)
        self._styles: tuple[ClassStyle, ...] = ()
        self._colours = qt_colours(colour_table("inferno"))
        self._asked: list[int] = []
        self._ask_timer = QTimer(self)
        self._ask_timer.setSingleShot(True)
        self._ask_timer.setInterval(_ASK_AFTER_MS)
        self._ask_timer.timeout.connect(self._ask)

    # what is in it

    def set_order(self, order: npt.NDArray[np.int64], places: npt.NDArray[np.int64] | None = None) -> None:
        """The frames to show, (n,) indices in the order they are walked through.

        Args:
            order: of the frames.
            places: where each frame stands in it, -1 for one that is not shown; worked out where it is not given.
        """
        self._order = np.asarray(order, np.int64)
        if places is None:
            places = np.full(int(self._order.max(initial=-1)) + 1, -1, np.int64)
            places[self._order] = np.arange(len(self._order))
        self._places = places
        self._row.set_count(len(self._order))
        self._reveal(jump=True)
        self._ask_soon()

    def extend(self, order: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> None:
        """The same frames in the same order with more at the end; what is seen stays where it is."""
        self._order, self._places = order, places
        self._row.set_count(len(order))
        self._ask_soon()

    def set_current(self, index: int) -> None:
        """Ring this frame and scroll to it; -1 for none."""
        if index == self._current:
            return
        before, self._current = self._current, index
        self._reveal(jump=abs(self._place_of(index) - self._place_of(before)) > self.page)
        self._row.refresh()

    def set_labels(self, codes: npt.NDArray[Any], styles: Sequence[ClassStyle]) -> None:
        """The user's labels: (N,) a place in `styles` per frame of the run, -1 unlabelled, -2 unsure."""
        self._codes, self._styles = codes, tuple(styles)
        self._row.refresh()

    def set_verdicts(self, codes: npt.NDArray[Any], confidences: npt.NDArray[Any]) -> None:
        """The classifier's classes, (N,) places in the styles or -1, and their confidences, (N,) 0 … 1 or NaN."""
        self._verdicts, self._confidences = codes, confidences
        self._row.refresh()

    def set_thumbnail(self, index: int, picture: npt.NDArray[np.uint8]) -> None:
        """A thumbnail: (h, w) uint8 as `models.display.thumbnail` makes it, or (h, w, 4) uint8 RGBA."""
        pixels = np.ascontiguousarray(picture)
        image = shared_image(pixels).copy()
        if pixels.ndim == 2:
            image.setColorTable(self._colours)
        self._unreadable.pop(index, None)
        self._images[index] = image
        self._images.move_to_end(index)
        while len(self._images) > _KEPT:
            self._images.popitem(last=False)
        self._refresh_place(index)

    def set_unreadable(self, index: int, sentence: str) -> None:
        """This frame cannot be read: a hatched tile, with the reason as its tool tip."""
        self._unreadable[index] = sentence
        self._refresh_place(index)

    def set_colour_map(self, name: str) -> None:
        """Draw the thumbnails in another colour map; none is asked for again.

        Raises:
            BadParameter: for an unknown name.
        """
        self._colours = qt_colours(colour_table(name))
        for image in self._images.values():
            if image.format() == QImage.Format.Format_Indexed8:
                image.setColorTable(self._colours)
        self._row.refresh()

    def clear(self) -> None:
        """Forget everything: another run is coming."""
        self._images.clear()
        self._unreadable.clear()
        self._asked = []
        self._current = -1
        self._codes = self._verdicts = np.empty(0, np.int16)
        self._confidences = np.empty(0, np.float32)
        self.set_order(np.empty(0, np.int64))

    @property
    def page(self) -> int:
        """How many frames are wholly visible: what a page key moves by."""
        return self._row.page

    def visible_frames(self) -> list[int]:
        """Indices of the frames that are at least partly seen, from left to right."""
        places = self._row.visible_places()
        found: list[int] = self._order[places.start : places.stop].tolist()
        return found

    def sizeHint(self) -> QSize:
        return QSize(600, 136)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 84)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self._row.setGeometry(self.rect())
        self._reveal(jump=False)
        self._ask_soon()
        super().resizeEvent(event)

    def describe(self, place: int) -> str:
        """Tool tip of a thumbnail."""
        index = self._frame_at(place)
        lines = [f"Frame {grouped(index)}"]
        label = _code_of(self._codes, index)
        if label == UNSURE:
            lines.append("marked unsure")
        elif 0 <= label < len(self._styles):
            lines.append(f"labelled {self._styles[label].name}")
        verdict = _code_of(self._verdicts, index)
        if 0 <= verdict < len(self._styles):
            confidence = self._confidence_of(index)
            sure = f" {percent(confidence)}" if confidence is not None else ""
            lines.append(f"verdict {self._styles[verdict].name}{sure}")
        elif self._confidence_of(index) is not None:
            lines.append("verdict unknown: like none of the labelled classes")
        if index in self._unreadable:
            lines.append(self._unreadable[index])
        return "\n".join(lines)

    def _paint_tile(self, painter: QPainter, place: int, tile: QRect) -> None:
        """One frame: thumbnail, class band with marker, index and confidence, ring if it is the current one."""
        palette = self.palette()
        index = self._frame_at(place)
        side = tile.width()
        square = QRect(tile.left(), tile.top(), side, side)
        image = self._images.get(index)
        if index in self._unreadable:
            painter.fillRect(square, palette.color(QPalette.ColorRole.Base))
            painter.fillRect(square, QBrush(palette.color(QPalette.ColorRole.Mid), Qt.BrushStyle.BDiagPattern))
            icons.draw_icon(painter, _middle(square, 22), "warning", theme.error_colour(palette))
        elif image is None:
            painter.fillRect(square, palette.color(QPalette.ColorRole.AlternateBase))
            painter.setPen(theme.faint_text(palette))
            painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "…")
        else:
            self._images.move_to_end(index)
            scale = side / max(image.width(), image.height())
            width, height = image.width() * scale, image.height() * scale
            if width < side or height < side:
                painter.fillRect(square, palette.color(QPalette.ColorRole.AlternateBase))
            painter.drawImage(
                QRectF(square.left() + (side - width) / 2, square.top() + (side - height) / 2, width, height), image
            )
        self._paint_class(painter, index, square)
        self._paint_words(painter, index, QRect(tile.left(), square.bottom() + 1 + BAND, side, tile.height()))
        if index == self._current:
            pen = QPen(palette.color(QPalette.ColorRole.Highlight), 3)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRect(square.left() - 1, square.top() - 1, side + 1, side + BAND + 1))

    def _paint_class(self, painter: QPainter, index: int, square: QRect) -> None:
        label = _code_of(self._codes, index)
        given = 0 <= label < len(self._styles)
        code = label if given or label == UNSURE else _code_of(self._verdicts, index)
        band = QRect(square.left(), square.bottom() + 1, square.width(), BAND)
        if code == UNSURE:
            painter.fillRect(band, QBrush(theme.unlabelled_colour(self.palette()), Qt.BrushStyle.Dense4Pattern))
            return
        if not 0 <= code < len(self._styles):
            return
        style = self._styles[code]
        colour = QColor(style.colour)
        if not given:
            # a verdict is a proposal: half a band, and no marker
            painter.fillRect(band.adjusted(0, 0, 0, -BAND // 2), colour)
            return
        painter.fillRect(band, colour)
        room = QRectF(square.left() + 3, square.top() + 3, 16, 16)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        backing = QColor(self.palette().color(QPalette.ColorRole.Base))
        backing.setAlpha(225)
        painter.setBrush(backing)
        painter.drawRoundedRect(room, 4, 4)
        icons.draw_marker(painter, room.center(), style.marker, colour, 11)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_words(self, painter: QPainter, index: int, room: QRect) -> None:
        palette = self.palette()
        # Set in on the right: the index of the next thumbnail begins where this line ends.
        line = QRect(room.left(), room.top() + 1, room.width() - 6, QFontMetrics(painter.font()).height())
        right = "unsure" if _code_of(self._codes, index) == UNSURE else ""
        confidence = self._confidence_of(index)
        if confidence is not None and not right:
            right = "unknown" if _code_of(self._verdicts, index) < 0 else percent(confidence)
        current = index == self._current
        painter.setPen(palette.color(QPalette.ColorRole.WindowText) if current else theme.faint_text(palette))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, grouped(index))
        taken = QFontMetrics(painter.font()).horizontalAdvance(grouped(index) + "  " + right)
        if right and taken <= line.width():
            painter.setPen(theme.faint_text(palette))
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)

    def _frame_at(self, place: int) -> int:
        return int(self._order[place])

    def _confidence_of(self, index: int) -> float | None:
        if index >= len(self._confidences):
            return None
        value = float(self._confidences[index])
        return value if np.isfinite(value) else None

    def _place_of(self, index: int) -> int:
        return int(self._places[index]) if 0 <= index < len(self._places) else -1

    def _reveal(self, *, jump: bool) -> None:
        place = self._place_of(self._current)
        if place >= 0:
            self._row.reveal(place, centred=jump)

    def _refresh_place(self, index: int) -> None:
        place = self._place_of(index)
        if place >= 0:
            self._row.refresh_place(place)

    def _ask_soon(self) -> None:
        if not self._ask_timer.isActive():
            self._ask_timer.start()

    def _ask(self) -> None:
        if not self.isVisible():
            return
        wanted = [i for i in self.visible_frames() if i not in self._images and i not in self._unreadable]
        if wanted and wanted != self._asked:
            self.thumbnails_wanted.emit(wanted)
        self._asked = wanted

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        # The row learns its width only now where the strip was filled while it was hidden.
        self._reveal(jump=False)
        self._ask_soon()


def _code_of(codes: npt.NDArray[Any], index: int) -> int:
    return int(codes[index]) if index < len(codes) else UNLABELLED


def _middle(square: QRect, side: int) -> QRectF:
    centre = QPointF(square.center())
    return QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side)
