"""Light and dark, class colours and markers, icons, the status bar's words, numbers as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QIcon, QPalette
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from models.workspace.classes import COLOURS, MARKERS
from widgets import icons, text, theme
from widgets.status import SaveIndicator, StatusCounts


@pytest.fixture
def application(qapp: QApplication) -> Iterator[QApplication]:
    before = qapp.palette()
    yield qapp
    theme.apply_theme(qapp, "system")
    qapp.setPalette(before)


def contrast(first: QColor, second: QColor) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(colour: QColor) -> float:
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_scheme_changes_the_whole_application(application: QApplication) -> None:
    theme.apply_theme(application, "dark")
    assert theme.is_dark(application.palette())
    theme.apply_theme(application, "light")
    assert not theme.is_dark(application.palette())
    with pytest.raises(ValueError, match="sepia"):
        theme.apply_theme(application, "sepia")


@pytest.mark.parametrize("palette", [theme.light_palette(), theme.dark_palette()], ids=["light", "dark"])
def test_text_can_be_read_on_its_background(palette: QPalette) -> None:
    role = QPalette.ColorRole
    for background in (role.Window, role.Base, role.AlternateBase):
        behind = palette.color(background)
        assert contrast(palette.color(role.Text), behind) > 7
        assert contrast(theme.faint_text(palette), behind) > 4.5
        for colour in (theme.warning_colour(palette), theme.error_colour(palette), theme.good_colour(palette)):
            assert contrast(colour, behind) > 4.5
    assert contrast(palette.color(role.HighlightedText), palette.color(role.Highlight)) > 4


@pytest.mark.parametrize("palette", [theme.light_palette(), theme.dark_palette()], ids=["light", "dark"])
def test_class_colours_stand_out_and_differ(palette: QPalette) -> None:
    colours = [QColor(name) for name in theme.CLASS_COLOURS]
    for colour in colours:
        assert contrast(colour, palette.color(QPalette.ColorRole.Base)) > 2
    for place, colour in enumerate(colours):
        for other in colours[:place]:
            apart = sum(abs(a - b) for a, b in zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True))
            assert apart > 60


def test_colours_and_markers_are_those_that_classes_are_given() -> None:
    assert theme.CLASS_COLOURS == COLOURS
    assert theme.CLASS_MARKERS == MARKERS


def test_markers_are_distinct_and_fit_their_square() -> None:
    square = QRectF(-0.6, -0.6, 1.2, 1.2)
    paths = [theme.marker_path(name) for name in (*theme.CLASS_MARKERS, "dot", "ring")]
    for place, path in enumerate(paths):
        assert square.contains(path.boundingRect())
        assert all(path != other for other in paths[:place])
    with pytest.raises(KeyError):
        theme.marker_path("blob")


def test_the_first_nine_classes_have_different_keys_colours_and_markers() -> None:
    styles = [theme.default_style(place, f"c{place}") for place in range(11)]
    assert [style.key for style in styles] == [*"123456789", "", ""]
    assert len({style.colour for style in styles[:9]}) == len({style.marker for style in styles[:9]}) == 9


def test_icons_follow_the_palette(application: QApplication) -> None:
    icon = icons.tool_icon("lasso")
    theme.apply_theme(application, "light")
    light = icon.pixmap(16, 16).toImage()
    theme.apply_theme(application, "dark")
    assert icon.pixmap(16, 16).toImage() != light
    assert not QIcon(icon).pixmap(16, 16).isNull()
    with pytest.raises(KeyError):
        icons.tool_icon("unknown")


def test_save_indicator_says_what_is_not_saved_and_why(qtbot: QtBot) -> None:
    indicator = SaveIndicator()
    qtbot.addWidget(indicator)
    assert indicator.text() == ""
    indicator.set_saved(datetime(2026, 3, 1, 12, 3, 41))
    assert indicator.text() == "saved 12:03:41"
    indicator.set_saving()
    assert indicator.state() == "saving"
    indicator.set_unsaved("The disk is full. Free some space.", 2)
    assert indicator.text() == "NOT SAVED: 2 labels"
    assert "disk is full" in indicator.toolTip()
    colour = indicator._words.palette().color(QPalette.ColorRole.WindowText)
    assert colour == theme.error_colour(indicator.palette())
    indicator.set_saved()
    assert indicator.state() == "saved"
    assert not indicator._words.font().bold()


def test_counts_leave_out_what_is_not_there(qtbot: QtBot) -> None:
    counts = StatusCounts()
    qtbot.addWidget(counts)
    counts.set_counts(214, 48_211, 47)
    assert counts.text() == "214 labels by you · 47 of 48\u202f211 selected"
    counts.set_counts(1, 10)
    assert counts.text() == "1 label by you"
    counts.set_counts(0, 0)
    assert counts.text() == ""


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, ""), (float("nan"), ""), (-1, ""), (0.2, "0:01"), (41, "0:41"), (725, "12:05"), (11_100, "3 h 05")],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(("fraction", "shown"), [(0.999, "99\u202f%"), (1.0, "100\u202f%"), (0.57, "57\u202f%")])
def test_per_cent_is_not_100_before_the_end(fraction: float, shown: str) -> None:
    assert text.percent(fraction) == shown


@pytest.mark.parametrize(
    ("value", "span", "shown"),
    [(2.79e-5, 1.0, "0"), (0.5, 1.0, "0.5"), (-0.25, 1.0, "−0.25"), (1234.5, 4000.0, "1234"), (3e-7, 1e-6, "3e−07")],
)
def test_ticks_show_what_the_axis_can_tell_apart(value: float, span: float, shown: str) -> None:
    assert text.tick(value, span) == shown
