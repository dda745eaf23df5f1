"""The look of the window: palettes for light and dark, class colours and markers.

Class colours start from the set of Okabe and Ito (Color Universal Design, 2008), which stays distinguishable with
every common colour-vision deficiency; its black is left out and its yellow darkened, because both vanish on one of
the two backgrounds. Colour is never the only sign: each class also has a marker and a key.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from PyQt6.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QPainterPath, QPalette, QPolygonF
from PyQt6.QtWidgets import QApplication, QStyledItemDelegate, QStyleOptionViewItem

CLASS_COLOURS = (
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
    "#D55E00",
    "#0072B2",
    "#A89B00",
    "#8C6A4F",
    "#8E86D6",
)
"""Colours of the first nine classes, in order."""

CLASS_MARKERS = ("circle", "square", "triangle", "diamond", "plus", "cross", "star", "pentagon", "hexagon")
"""Markers of the first nine classes, in order; `marker_path` draws them."""

SCHEMES = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class ClassStyle:
    """How a class is shown, everywhere.

    Attributes:
        id: what the signals of the panels carry; stays when the class is renamed.
        name: what the user calls it.
        colour: "#RRGGBB".
        key: the key that gives it ("1" … "9"), "" for none.
        marker: one of `CLASS_MARKERS`.
    """

    id: str
    name: str
    colour: str
    key: str = ""
    marker: str = "circle"


def default_style(place: int, name: str) -> ClassStyle:
    """The style a new class gets from its place in the list, from 0; its name serves as its id."""
    return ClassStyle(
        id=name,
        name=name,
        colour=CLASS_COLOURS[place % len(CLASS_COLOURS)],
        key=str(place + 1) if place < 9 else "",
        marker=CLASS_MARKERS[place % len(CLASS_MARKERS)],
    )


def apply_theme(application: QApplication, scheme: str = "system") -> None:
    """Set style, palette and font; `scheme` is "system", "light" or "dark" and may be changed at any time.

    With "system" the window follows the desktop while it runs.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"colour scheme {scheme!r} is not one of {', '.join(SCHEMES)}")
    if application.style() is None or application.style().objectName().lower() != "fusion":
        application.setStyle("Fusion")
    hints = application.styleHints()
    hints.setColorScheme(
        {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(scheme, Qt.ColorScheme.Unknown)
    )
    _follower(application).scheme = scheme
    _paint_application(application, scheme)


class _Follower:
    """Repaints the application when the desktop changes between light and dark, while "system" is chosen."""

    def __init__(self, application: QApplication) -> None:
        self.scheme = "system"
        self._application = application
        application.styleHints().colorSchemeChanged.connect(self._changed)

    def _changed(self, _scheme: Qt.ColorScheme) -> None:
        if self.scheme == "system":
            _paint_application(self._application, "system")


_followers: dict[int, _Follower] = {}


def _follower(application: QApplication) -> _Follower:
    key = id(application)
    if key not in _followers:
        _followers[key] = _Follower(application)
    return _followers[key]


def _paint_application(application: QApplication, scheme: str) -> None:
    dark = scheme == "dark" or (scheme == "system" and application.styleHints().colorScheme() == Qt.ColorScheme.Dark)
    application.setPalette(dark_palette() if dark else light_palette())


def light_palette() -> QPalette:
    """The palette of the light scheme."""
    return _palette(
        window="#F1F3F5",
        base="#FFFFFF",
        alternate="#F6F7F9",
        text="#1B1F24",
        faint="#5F6873",
        button="#E9ECEF",
        mid="#B9C0C8",
        light="#FFFFFF",
        dark="#A3ABB5",
        shadow="#79828D",
        accent="#1B6CB0",
        on_accent="#FFFFFF",
        tip="#FFFFFF",
    )


def dark_palette() -> QPalette:
    """The palette of the dark scheme."""
    return _palette(
        window="#25282D",
        base="#1A1C20",
        alternate="#202328",
        text="#E3E6EA",
        faint="#9BA3AD",
        button="#30343A",
        mid="#454B53",
        light="#3C4148",
        dark="#15171A",
        shadow="#0C0D0F",
        accent="#2F7FC4",
        on_accent="#FFFFFF",
        tip="#30343A",
    )


def _palette(
    *,
    window: str,
    base: str,
    alternate: str,
    text: str,
    faint: str,
    button: str,
    mid: str,
    light: str,
    dark: str,
    shadow: str,
    accent: str,
    on_accent: str,
    tip: str,
) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in {
        role.Window: window,
        role.WindowText: text,
        role.Base: base,
        role.AlternateBase: alternate,
        role.Text: text,
        role.PlaceholderText: faint,
        role.Button: button,
        role.ButtonText: text,
        role.BrightText: "#FFFFFF",
        role.Light: light,
        role.Midlight: button,
        role.Mid: mid,
        role.Dark: dark,
        role.Shadow: shadow,
        role.Highlight: accent,
        role.HighlightedText: on_accent,
        role.Accent: accent,
        role.Link: accent,
        role.LinkVisited: accent,
        role.ToolTipBase: tip,
        role.ToolTipText: text,
    }.items():
        palette.setColor(which, QColor(colour))
    off = QPalette.ColorGroup.Disabled
    weak = mixed(QColor(text), QColor(window), 0.55)
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(off, which, weak)
    palette.setColor(off, role.Highlight, QColor(mid))
    return palette


def is_dark(palette: QPalette) -> bool:
    """Whether text is lighter than its background."""
    return palette.color(QPalette.ColorRole.Base).lightness() < palette.color(QPalette.ColorRole.Text).lightness()


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """`first` with `share` (0..1) of `second` in it."""
    keep = 1.0 - share
    return QColor(
        round(first.red() * keep + second.red() * share),
        round(first.green() * keep + second.green() * share),
        round(first.blue() * keep + second.blue() * share),
    )


def faint_text(palette: QPalette) -> QColor:
    """For captions and hints."""
    return palette.color(QPalette.ColorRole.PlaceholderText)


def unlabelled_colour(palette: QPalette) -> QColor:
    """Frames without a class, on the map and in legends."""
    return QColor("#7E8894") if is_dark(palette) else QColor("#8F98A3")


def warning_colour(palette: QPalette) -> QColor:
    """Text and icons that ask for attention."""
    return QColor("#FFB84D") if is_dark(palette) else QColor("#9A5800")


def error_colour(palette: QPalette) -> QColor:
    """Text and icons of what failed."""
    return QColor("#FF8B80") if is_dark(palette) else QColor("#B3261E")


def good_colour(palette: QPalette) -> QColor:
    """Text and icons of what is safely done."""
    return QColor("#6FCF97") if is_dark(palette) else QColor("#1A7A48")


def title_font(font: QFont, grow: float = 1.0) -> QFont:
    """`font`, half-bold and `grow` times as large."""
    title = QFont(font)
    title.setWeight(QFont.Weight.DemiBold)
    if font.pointSizeF() > 0:
        title.setPointSizeF(font.pointSizeF() * grow)
    return title


def line_height() -> int:
    """Height in pixels of a line of the application's font: what sizes of rows and icons are measured in."""
    return QFontMetrics(QGuiApplication.font()).height()


class RowDelegate(QStyledItemDelegate):
    """Rows of lists and trees with a little air above and below the text."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(size.height(), option.fontMetrics.height() + 6))


@cache
def marker_path(name: str) -> QPainterPath:
    """The outline of a class marker in the square from −0.5 to 0.5; markers cover about the same area.

    Raises:
        KeyError: for a name that is neither in `CLASS_MARKERS` nor "dot" or "ring".
    """
    path = QPainterPath()
    if name == "dot":
        path.addEllipse(QRectF(-0.28, -0.28, 0.56, 0.56))
    elif name == "circle":
        path.addEllipse(QRectF(-0.44, -0.44, 0.88, 0.88))
    elif name == "ring":
        path.addEllipse(QRectF(-0.46, -0.46, 0.92, 0.92))
        hole = QPainterPath()
        hole.addEllipse(QRectF(-0.24, -0.24, 0.48, 0.48))
        path = path.subtracted(hole)
    elif name == "square":
        path.addRect(QRectF(-0.39, -0.39, 0.78, 0.78))
    else:
        path.addPolygon(_POLYGONS[name])
        path.closeSubpath()
    return path


def _regular(corners: int, radius: float, inner: float = 1.0) -> QPolygonF:
    """A regular polygon standing on its base; with `inner` < 1 every second corner is pulled in (a star)."""
    points = []
    steps = corners if inner == 1.0 else 2 * corners
    for step in range(steps):
        angle = 2 * math.pi * step / steps - math.pi / 2
        reach = radius if inner == 1.0 or step % 2 == 0 else radius * inner
        points.append(QPointF(reach * math.cos(angle), reach * math.sin(angle)))
    return QPolygonF(points)


def _plus(turned: bool) -> QPolygonF:
    thin, far = 0.16, 0.5
    corners = [(-thin, -far), (thin, -far), (thin, -thin), (far, -thin), (far, thin), (thin, thin)]
    corners += [(-x, -y) for x, y in corners]
    if turned:
        half = math.sqrt(0.5)
        corners = [(half * (x - y), half * (x + y)) for x, y in corners]
    return QPolygonF([QPointF(x, y) for x, y in corners])


def _moved(polygon: QPolygonF, down: float) -> QPolygonF:
    return polygon.translated(0.0, down)


_POLYGONS = {
    "triangle": _moved(_regular(3, 0.56), 0.1),
    "diamond": _regular(4, 0.54),
    "plus": _plus(turned=False),
    "cross": _plus(turned=True),
    "star": _regular(5, 0.56, inner=0.45),
    "pentagon": _regular(5, 0.5),
    "hexagon": _regular(6, 0.48),
}
