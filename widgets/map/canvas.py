"""The surface of the map: paints the points, moves with the mouse, draws regions, tells what is under the cursor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from widgets.map import marks, morph
from widgets.map.colouring import Colouring
from widgets.map.drag import Drag, Tool, combination
from widgets.map.hover import Hover
from widgets.map.morph import Morph
from widgets.map.painter import PointPainter, Scene
from widgets.map.points import MapPoints
from widgets.map.region import rasterised
from widgets.map.transform import MapTransform

Bools = npt.NDArray[np.bool_]

PICK_RADIUS_PX = 14.0
_ZOOM_RANGE = (0.2, 2e5)


class MapCanvas(QWidget):
    """Points, the ring of the current frame and the tools; everything is told by frame index.

    The points are painted into an image that is only made again when points, view or colours change: rings and
    regions are drawn over it.
    """

    frame_chosen = pyqtSignal(int)
    """a click on a point"""
    hovered = pyqtSignal(int)
    """frame under the cursor, −1 for none; only when it changes"""
    card_wanted = pyqtSignal(int)
    """the cursor rests on a frame"""
    card_unwanted = pyqtSignal()
    """the cursor left it"""
    selection_drawn = pyqtSignal(object)
    """(N,) bool: the selection after the user changed it"""
    tool_changed = pyqtSignal(object)
    """the `Tool` in hand"""
    view_changed = pyqtSignal()
    """moved, zoomed or resized"""
    fitted = pyqtSignal()
    """all points were brought into view"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Map of all frames")
        self._scene = Scene()
        self._painter = PointPainter()
        self._fit_scale = 1.0
        self._moved_by_user = False
        self._current = -1
        self._tool = Tool.PAN
        self._drag = Drag()
        self._hover = Hover(self)
        self._hover.probe = self.frame_under
        self._hover.changed.connect(self._hover_changed)
        self._hover.dwelt.connect(self.card_wanted)
        self._hover.left.connect(self.card_unwanted)
        self._morph = Morph(self)
        self._morph.moved.connect(self._morphed)

    # What is shown

    def set_points(self, xy: npt.ArrayLike, animate: bool = False, keep_view: bool = False) -> None:
        """Show these positions, (N, 2); NaN is a frame without one.

        Args:
            animate: let the points travel from where they are (only with as many frames as before).
            keep_view: stay where the user has moved to.
        """
        self._morph.finish()
        old, old_view = self._scene.points, self._scene.view
        points = MapPoints(xy)
        self._scene.points = points
        if points.total:
            self._scene.drop_misfits()
        if not (keep_view and self._moved_by_user):
            self.fit()
        else:
            shift_x, shift_y = old.origin[0] - points.origin[0], old.origin[1] - points.origin[1]
            self._scene.view = replace(
                self._scene.view,
                centre_x=self._scene.view.centre_x + shift_x,
                centre_y=self._scene.view.centre_y + shift_y,
            )
        self._hover.forget()
        self._outdate("view", "codes", "layers")
        travels = animate and 0 < len(points) <= morph.MOST and np.array_equal(points.frames, old.frames)
        if travels and self.isVisible():
            self._morph.start(old, old_view, points, self._scene.view)

    def set_colouring(self, colouring: Colouring) -> None:
        """Colour the points; its codes have one entry per frame. May be given before the points.

        Raises:
            ValueError: where they have not.
        """
        if self._scene.points.total not in (0, len(colouring.codes)):
            raise ValueError(f"{len(colouring.codes)} colours for {self._scene.points.total} frames")
        self._scene.colouring = colouring
        self._outdate("codes", "table")

    def set_labelled(self, labelled: npt.ArrayLike | None) -> None:
        """(N,) bool: frames drawn on top, larger and outlined: the user's examples."""
        self._scene.labelled = self._checked(labelled)
        self._outdate("layers")

    def set_selection(self, selection: npt.ArrayLike | None) -> None:
        """(N,) bool: the others are faded; None or all False for no selection."""
        chosen = self._checked(selection)
        self._scene.selection = chosen if chosen is not None and chosen.any() else None
        self._outdate("layers", "codes")

    def set_current(self, frame: int) -> None:
        """Ring this frame; −1 for none."""
        self._current = frame
        self.update()

    def set_tool(self, tool: Tool) -> None:
        """Take a tool into the hand."""
        self._drag.cancel()
        if tool is not self._tool:
            self._tool = tool
            self.setCursor(Qt.CursorShape.ArrowCursor if tool is Tool.PAN else Qt.CursorShape.CrossCursor)
            self.tool_changed.emit(tool)
        self.update()

    # What can be asked

    @property
    def points(self) -> MapPoints:
        """The placed points."""
        return self._scene.points

    @property
    def colouring(self) -> Colouring:
        """What the colours mean."""
        return self._scene.colouring

    @property
    def selection(self) -> Bools | None:
        """(N,) bool, None for no selection."""
        return self._scene.selection

    @property
    def tool(self) -> Tool:
        """The tool in hand."""
        return self._tool

    @property
    def view(self) -> MapTransform:
        """Where the points lie on the widget; relative to `points.origin`."""
        return self._scene.view

    def hovered_frame(self) -> int:
        """The frame under the cursor, −1 for none."""
        return self._hover.frame

    def frame_under(self, where: QPointF) -> int:
        """The frame whose point is nearest to a position of the widget, −1 where none is near enough to be meant."""
        x, y = self._scene.view.to_map(where.x(), where.y())
        place = self._scene.points.nearest(x, y, PICK_RADIUS_PX / self._scene.view.scale)
        return int(self._scene.points.frames[place]) if place >= 0 else -1

    def position_of(self, frame: int) -> QPointF | None:
        """Where a frame's point lies on the widget, None where it has none."""
        place = self._scene.points.place_of(frame)
        if place < 0:
            return None
        return QPointF(
            *self._scene.view.to_screen(float(self._scene.points.x[place]), float(self._scene.points.y[place]))
        )

    def is_fitted(self) -> bool:
        """Whether all points are in view, as `fit` leaves them."""
        return not self._moved_by_user

    def crowding(self, area: QRectF) -> int:
        """About how many points lie in a part of the widget, judged from every n-th."""
        x0, y0 = self._scene.view.to_map(area.left(), area.bottom())
        x1, y1 = self._scene.view.to_map(area.right(), area.top())
        return self._scene.points.roughly_inside(x0, y0, x1, y1)

    # Moving about

    def fit(self) -> None:
        """Show all points."""
        half_x, half_y = self._scene.points.half
        sized = replace(self._scene.view, width=float(max(1, self.width())), height=float(max(1, self.height())))
        self._scene.view = sized.fitted(-half_x, -half_y, half_x, half_y)
        self._fit_scale = self._scene.view.scale
        self._moved_by_user = False
        self._outdate("view")
        self.view_changed.emit()
        self.fitted.emit()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Enlarge around a position of the widget, by default its middle."""
        where = QPointF(self.width() / 2, self.height() / 2) if at is None else at
        low, high = (self._fit_scale * limit for limit in _ZOOM_RANGE)
        factor = min(max(self._scene.view.scale * factor, low), high) / self._scene.view.scale
        self._moved_by_user = True
        self._scene.view = self._scene.view.zoomed(factor, where.x(), where.y())
        self._outdate("view")
        self.view_changed.emit()

    def pan(self, dx: float, dy: float) -> None:
        """Move the contents by pixels."""
        self._moved_by_user = True
        self._scene.view = self._scene.view.moved(dx, dy)
        self._outdate("view")
        self.view_changed.emit()

    # Regions

    def select_inside(self, corners: list[QPointF], how: str = "replace") -> None:
        """Select the frames inside a polygon on the widget; `how` is "replace", "add" or "subtract"."""
        if len(corners) < 3:
            return
        on_map = np.array([self._scene.view.to_map(corner.x(), corner.y()) for corner in corners])
        self.select_mask(self._scene.points.inside_polygon(on_map, *rasterised(on_map)), how)

    def select_rectangle(self, area: QRectF, how: str = "replace") -> None:
        """Select the frames inside a rectangle on the widget."""
        x0, y0 = self._scene.view.to_map(area.left(), area.top())
        x1, y1 = self._scene.view.to_map(area.right(), area.bottom())
        self.select_mask(self._scene.points.inside_rectangle(x0, y0, x1, y1), how)

    def select_mask(self, mask: Bools, how: str = "replace") -> None:
        """Select these frames as if the user had drawn around them."""
        if self._scene.selection is not None and how == "add":
            mask = mask | self._scene.selection
        elif how == "subtract":
            mask = np.zeros_like(mask) if self._scene.selection is None else self._scene.selection & ~mask
        self.set_selection(mask)
        self.selection_drawn.emit(mask)

    def escape(self) -> bool:
        """Leave what is going on: the region being drawn, else the tool, else the selection. False for nothing."""
        if self._drag.trail:
            self._drag.cancel()
            self.update()
        elif self._tool is not Tool.PAN:
            self.set_tool(Tool.PAN)
        elif self._scene.selection is not None:
            self.select_mask(np.zeros(self._scene.points.total, bool))
        else:
            return False
        return True

    def _checked(self, mask: npt.ArrayLike | None) -> Bools | None:
        if mask is None:
            return None
        given = np.array(mask, dtype=bool)
        if given.ndim != 1 or self._scene.points.total not in (0, len(given)):
            raise ValueError(f"a mask of shape {given.shape} for {self._scene.points.total} frames")
        return given

    # Events

    def sizeHint(self) -> QSize:
        return QSize(420, 380)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 140)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._hover.forget()
        if self._moved_by_user:
            self._scene.view = self._scene.view.resized(float(max(1, self.width())), float(max(1, self.height())))
            self._outdate("view")
            self.view_changed.emit()
        else:
            self.fit()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._outdate("table")

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        assert event is not None
        self.zoom(1.2 ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        self._morph.finish()
        draws = event.button() == Qt.MouseButton.LeftButton and self._tool is not Tool.PAN
        self._drag.begin(event.position(), draws)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if not self._drag.held:
            self._hover.moved(event.position())
            return
        by = self._drag.follow(event.position())
        if not self._drag.moving:
            return
        self._hover.forget()
        if self._drag.trail:
            self.update()
        else:
            self.pan(by.x(), by.y())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if not self._drag.held:
            return
        clicked = not self._drag.moving and event.button() == Qt.MouseButton.LeftButton
        region = self._drag.end(event.position())
        if region:
            self._close_region(region, combination(event.modifiers()))
        elif clicked:
            frame = self.frame_under(event.position())
            if frame >= 0:
                self.frame_chosen.emit(frame)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        # The second press of a double click is a press like any other here.
        self.mousePressEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:
        self._hover.forget()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if event.key() == Qt.Key.Key_Escape and self.escape():
            return
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.25)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(0.8)
        else:
            super().keyPressEvent(event)

    def _close_region(self, trail: list[QPointF], how: str) -> None:
        if self._tool is Tool.RECTANGLE:
            self.select_rectangle(QRectF(trail[0], trail[-1]).normalized(), how)
        else:
            self.select_inside(trail, how)

    def _hover_changed(self, frame: int) -> None:
        self.update()
        self.hovered.emit(frame)

    # Painting

    def _outdate(self, *parts: str) -> None:
        self._painter.outdate(*parts)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        image = self._painter.image(self._scene, self.palette(), self.devicePixelRatioF(), moving=self._drag.moving)
        painter = QPainter(self)
        painter.drawImage(QPointF(0, 0), image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        roles, palette = QPalette.ColorRole, self.palette()
        base, accent = palette.color(roles.Base), palette.color(roles.Highlight)
        marks.paint_region(painter, self._drag.trail, self._tool is Tool.RECTANGLE, accent)
        under = self.position_of(self._hover.frame)
        if under is not None and self._hover.frame != self._current:
            marks.paint_ring(painter, under, marks.HOVER_RADIUS, accent, base)
        current = self.position_of(self._current)
        if current is not None:
            text, area = palette.color(roles.Text), QRectF(self.rect())
            if area.contains(current):
                marks.paint_ring(painter, current, marks.CURRENT_RADIUS, text, base)
            else:
                marks.paint_pointer(painter, current, area, text, base)

    def _morphed(self, points: MapPoints) -> None:
        self._scene.points = points
        self._outdate("view")
