"""An object of three dimensions: three planes through one point, which the mouse moves, and the projection."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QGridLayout, QWidget

from widgets.frame.viewport import ViewBox
from widgets.phase.array_canvas import ArrayCanvas
from widgets.phase.colouring import coloured
from widgets.phase.object_picture import MODULUS, ObjectPicture
from widgets.phase.overlay import LINE, RIM

AXES = ("z", "y", "x")
_ACROSS = {0: (1, 2), 1: (0, 2), 2: (0, 1)}
"""axes (down, right) of the plane across each axis"""


class _Plane(ArrayCanvas):
    """One plane with the cross where the other two cut it."""

    def __init__(self, axis: int) -> None:
        down, right = _ACROSS[axis]
        super().__init__(f"Plane across {AXES[axis]}")
        self.axis = axis
        self.cross: tuple[int, int] | None = None
        self.set_title(f"{AXES[down]} ↓  {AXES[right]} →")

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        if self.cross is None or not self.shows_picture:
            return
        painter = QPainter(self)
        at = self.pixel_position(*self.cross)
        for colour, width in ((RIM, 3.0), (LINE, 1.0)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine))
            for one, other in (
                (QPointF(at.x() - 14, at.y()), QPointF(at.x() - 4, at.y())),
                (QPointF(at.x() + 4, at.y()), QPointF(at.x() + 14, at.y())),
                (QPointF(at.x(), at.y() - 14), QPointF(at.x(), at.y() - 4)),
                (QPointF(at.x(), at.y() + 4), QPointF(at.x(), at.y() + 14)),
            ):
                painter.drawLine(one, other)
        painter.end()


class VolumeView(QWidget):
    """Planes across z, y and x through one point of the object, and the sum along z. A click moves the point."""

    told = pyqtSignal(str)
    """the value under the mouse, in words; "" when it left"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: ObjectPicture | None = None
        self._mode = MODULUS
        self._point: tuple[int, int, int] | None = None
        self._shown: dict[int, ObjectPicture] = {}
        self.planes = tuple(_Plane(axis) for axis in range(3))
        self.sum = ArrayCanvas("Projection along z")
        self.sum.set_title("sum along z")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(self.planes[0], 0, 0)
        grid.addWidget(self.planes[2], 0, 1)
        grid.addWidget(self.planes[1], 1, 0)
        grid.addWidget(self.sum, 1, 1)
        for plane in self.planes:
            plane.clicked.connect(lambda down, right, plane=plane: self._clicked(plane, down, right))
            plane.hovered.connect(lambda down, right, plane=plane: self._say(plane, down, right))
            plane.hover_left.connect(lambda: self.told.emit(""))
            plane.view_changed.connect(lambda view, plane=plane: self._link(plane, view))
        self.sum.set_scale_bar(False)

    def set_picture(self, picture: ObjectPicture | None, mode: str = MODULUS) -> None:
        """Show a volume; the point stays where it was in the array."""
        self._picture, self._mode = picture, mode
        if picture is None:
            self._point = None
            for canvas in (*self.planes, self.sum):
                canvas.set_picture(None)
            return
        if self._point is None:
            depth, height, width = picture.shape
            self._point = (depth // 2, height // 2, width // 2)
        self._show()

    def set_outline_shown(self, shown: bool) -> None:
        for canvas in (*self.planes, self.sum):
            canvas.set_outline_shown(shown)

    def set_title(self, title: str) -> None:
        """Which start this is; said with the projection, where there is room."""
        self.sum.set_title(f"sum along z · {title}" if title else "sum along z")

    @property
    def point(self) -> tuple[int, int, int] | None:
        """Array index (z, y, x) the planes go through."""
        return self._point

    def set_point(self, point: tuple[int, int, int]) -> None:
        """Move all planes to another point of the array."""
        self._point = point
        self._show()

    def fit(self) -> None:
        for canvas in (*self.planes, self.sum):
            canvas.set_view(None)

    def _show(self) -> None:
        picture, point = self._picture, self._point
        if picture is None or point is None:
            return
        largest = picture.largest
        for axis, plane in enumerate(self.planes):
            index = (point[axis] - picture.corner[axis]) // picture.step
            self._shown[axis] = cut = picture.plane(axis, index)
            self._paint(plane, cut, largest)
            down, right = _ACROSS[axis]
            plane.cross = (point[down], point[right])
        total = picture.projection(0)
        self._paint(self.sum, total, total.largest)

    def _paint(self, canvas: ArrayCanvas, cut: ObjectPicture, largest: float) -> None:
        canvas.set_picture(coloured(cut.object, cut.support, self._mode, largest), cut.place())
        canvas.set_support(cut.support)
        canvas.set_pixel_nm(None if cut.pixel_nm is None else cut.pixel_nm[-1])

    def _clicked(self, plane: _Plane, down: int, right: int) -> None:
        if self._point is None:
            return
        moved = list(self._point)
        first, second = _ACROSS[plane.axis]
        moved[first], moved[second] = down, right
        self.set_point((moved[0], moved[1], moved[2]))

    def _link(self, moved: _Plane, view: ViewBox | None) -> None:
        """The other planes take the same magnification round the same point."""
        for plane in self.planes:
            if plane is not moved:
                plane.set_view(None if view is None else self._view_of(plane, moved, view))

    @staticmethod
    def _view_of(plane: _Plane, moved: _Plane, view: ViewBox) -> ViewBox:
        places = {_ACROSS[moved.axis][0]: view.y, _ACROSS[moved.axis][1]: view.x}
        own = plane.view()
        for place, axis in enumerate(_ACROSS[plane.axis]):
            if axis not in places:
                places[axis] = 0.0 if own is None else (own.y, own.x)[place]
        down, right = _ACROSS[plane.axis]
        return ViewBox(places[down], places[right], view.scale)

    def _say(self, plane: _Plane, down: int, right: int) -> None:
        cut = self._shown.get(plane.axis)
        if cut is None or self._point is None or self._picture is None:
            return
        index = list(self._point)
        index[_ACROSS[plane.axis][0]], index[_ACROSS[plane.axis][1]] = down, right
        where = "  ".join(
            f"{name} {place - size // 2}" for name, place, size in zip(AXES, index, self._picture.shape, strict=True)
        )
        self.told.emit(f"{where} px   ·   {cut.words_at(*plane.picture_pixel(down, right))}")
