"""Paints the points of the map into an image, and only what has changed since the last time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from PyQt6.QtGui import QImage, QPainter, QPalette

from widgets.map import sprites
from widgets.map.colouring import REST, Colouring, by_category
from widgets.map.points import MapPoints
from widgets.map.splat import EMPTY, FADED, Splat, comfortable_size, shaded_table
from widgets.map.transform import MapTransform

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

_FADE = 0.78


@dataclass
class Scene:
    """What the map shows.

    Attributes:
        points: the placed points.
        view: where they lie on the widget, logical pixels.
        colouring: what their colours mean; one code per frame.
        selection: (N,) bool, None for no selection.
        labelled: (N,) bool: drawn on top with outlined markers; None for none.
    """

    points: MapPoints = field(default_factory=MapPoints)
    view: MapTransform = field(default_factory=MapTransform)
    colouring: Colouring = field(default_factory=lambda: by_category(np.zeros(0, np.int64), ()))
    selection: Bools | None = None
    labelled: Bools | None = None

    def drop_misfits(self) -> None:
        """Forget colours, selection and labels made for another number of frames."""
        total = self.points.total
        if len(self.colouring.codes) != total:
            self.colouring = Colouring("Label", np.full(total, REST, np.uint8))
        if self.selection is not None and len(self.selection) != total:
            self.selection = None
        if self.labelled is not None and len(self.labelled) != total:
            self.labelled = None


class PointPainter:
    """Keeps the image of a scene. Tell it with `outdate` what has changed before asking for the `image`.

    Few points are stamped as class markers. Many are splatted, with the labelled ones stamped on top.
    """

    PARTS = ("view", "layers", "codes", "table")
    """What can change: where points lie, which are on top, which colour each has, what the colours are."""

    def __init__(self) -> None:
        self._splat = Splat()
        self._sprites = sprites.Sprites()
        self._point_size = 1
        self._image = QImage()
        self._pixels: npt.NDArray[np.uint32] = np.zeros((0, 0), np.uint32)
        self._codes: npt.NDArray[np.uint16] = np.zeros(1, np.uint16)
        self._rgb: npt.NDArray[np.uint8] = np.zeros((256, 3), np.uint8)
        self._table: npt.NDArray[np.uint32] = np.zeros(1, np.uint32)
        self._stale = set(self.PARTS)

    def outdate(self, *parts: str) -> None:
        """These `PARTS` of the scene have changed."""
        self._stale.update(parts)

    def image(self, scene: Scene, palette: QPalette, ratio: float, moving: bool = False) -> QImage:
        """The scene painted as of now.

        Args:
            scene: what to paint.
            palette: gives background and outlines.
            ratio: device pixels per logical pixel.
            moving: while the map is dragged, points keep their size so that they do not flicker between two.
        """
        width = max(1, round(scene.view.width * ratio))
        height = max(1, round(scene.view.height * ratio))
        if (self._image.width(), self._image.height()) != (width, height):
            self._make_image(width, height)
        self._image.setDevicePixelRatio(ratio)
        if not self._stale:
            return self._image
        if not len(scene.points):
            self._image.fill(palette.color(QPalette.ColorRole.Base))
            return self._image
        stamp_all = len(scene.points) <= sprites.MOST
        upper, stamped = _layers(scene, stamp_all)
        if "table" in self._stale:
            self._make_table(scene, palette)
        if "codes" in self._stale:
            self._codes = _point_codes(scene)
        if stamp_all:
            self._image.fill(palette.color(QPalette.ColorRole.Base))
        else:
            self._splat_points(scene, upper, ratio, moving)
        if len(stamped):
            self._stamp(scene, stamped, palette, ratio)
        self._stale.clear()
        return self._image

    def _make_image(self, width: int, height: int) -> None:
        self._image = QImage(width, height, QImage.Format.Format_RGB32)
        bits = self._image.bits()
        assert bits is not None
        # The array and the image share their pixels: composing into the one paints the other.
        self._pixels = np.frombuffer(bits.asarray(self._image.sizeInBytes()), np.uint32).reshape(height, width)
        self._stale.add("view")

    def _make_table(self, scene: Scene, palette: QPalette) -> None:
        base = palette.color(QPalette.ColorRole.Base)
        self._rgb = scene.colouring.table(palette)
        self._table = shaded_table(self._rgb, (base.red(), base.green(), base.blue()), _FADE)

    def _splat_points(self, scene: Scene, upper: list[Places], ratio: float, moving: bool) -> None:
        if "view" in self._stale:
            height, width = self._pixels.shape
            view = replace(scene.view, scale=scene.view.scale * ratio, width=float(width), height=float(height))
            if not moving:
                self._point_size = comfortable_size(scene.points, view, ratio)
            self._splat.project(scene.points, view, self._point_size, upper)
        elif "layers" in self._stale:
            self._splat.restack(upper)
        self._splat.compose(self._codes, self._table, self._pixels)

    def _stamp(self, scene: Scene, places: Places, palette: QPalette, ratio: float) -> None:
        style = sprites.SpriteStyle(
            markers=scene.colouring.markers(),
            rgb=self._rgb,
            outline=palette.color(QPalette.ColorRole.Text),
            size=sprites.marker_size(len(places)),
            ratio=ratio,
        )
        labelled = None if scene.labelled is None else scene.labelled[scene.points.frames]
        painter = QPainter(self._image)
        self._sprites.draw(painter, scene.points, scene.view, places, self._codes, labelled, style)
        painter.end()


def _layers(scene: Scene, stamp_all: bool) -> tuple[list[Places], Places]:
    """Places to splat over the others, and places to stamp as markers, both in drawing order."""
    frames = scene.points.frames
    chosen = np.zeros(0, np.intp)
    marked = np.zeros(0, np.intp)
    if scene.selection is not None:
        chosen = np.flatnonzero(scene.selection if scene.points.all_placed else scene.selection[frames])
    if scene.labelled is not None:
        marked = np.flatnonzero(scene.labelled if scene.points.all_placed else scene.labelled[frames])
    if stamp_all:
        rank = np.zeros(len(frames), np.int8)
        rank[chosen] = 1
        rank[marked] += 2
        return [], np.argsort(rank, kind="stable")
    if len(marked) > sprites.MOST:
        return [chosen, marked], np.zeros(0, np.intp)
    return [chosen], marked


def _point_codes(scene: Scene) -> npt.NDArray[np.uint16]:
    """(points + 1,) what `Splat.compose` looks colours up by."""
    frames = scene.points.frames
    whole = scene.points.all_placed
    codes = np.empty(len(frames) + 1, np.uint16)
    codes[:-1] = scene.colouring.codes if whole else scene.colouring.codes[frames]
    codes[-1] = EMPTY
    if scene.selection is not None:
        outside = ~(scene.selection if whole else scene.selection[frames])
        codes[:-1] += outside * np.uint16(FADED)
    return codes
