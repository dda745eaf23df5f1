"""The radial profile as its user meets it: axes, crosshair, zoom, and nothing loaded before it is looked at."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QMouseEvent, QPalette, QWheelEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from models.display import DisplaySettings, prepare
from models.runs.types import Frame
from widgets import theme
from widgets.frame.profile import ProfileStrip
from widgets.frame.profile_plot import ProfilePlot
from widgets.frame_view import FrameView

Q = (np.arange(100) + 0.5) * 0.01
MEAN = 1000 * np.exp(-5 * Q)


@pytest.fixture
def strip(qtbot: QtBot) -> ProfileStrip:
    made = ProfileStrip()
    qtbot.addWidget(made)
    made.resize(600, made.sizeHint().height())
    made.show()
    made.set_profile(Q, MEAN, "q (nm⁻¹)", "mean (photons)")
    QApplication.processEvents()
    return made


def plot_of(strip: ProfileStrip) -> ProfilePlot:
    assert strip.plot is not None
    return strip.plot


def place_of(strip: ProfileStrip, x: float) -> QPointF:
    """Half way up the plot, at `x`."""
    box = plot_of(strip).getPlotItem().getViewBox()
    at = box.mapViewToScene(QPointF(x, 0.0))
    return QPointF(at.x(), box.sceneBoundingRect().center().y())


def point_at(strip: ProfileStrip, x: float) -> None:
    viewport = plot_of(strip).viewport()
    at = place_of(strip, x)
    none = Qt.MouseButton.NoButton
    keys = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, at, viewport.mapToGlobal(at), none, none, keys)
    QApplication.sendEvent(viewport, event)


def wheel(strip: ProfileStrip, x: float) -> None:
    viewport = plot_of(strip).viewport()
    at = place_of(strip, x)
    none, keys, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, viewport.mapToGlobal(at), QPoint(), QPoint(0, 480), none, keys, phase, False)
    QApplication.sendEvent(viewport, event)


def shown_range(strip: ProfileStrip, axis: int) -> tuple[float, float]:
    low, high = plot_of(strip).getPlotItem().viewRange()[axis]
    return low, high


def test_the_crosshair_tells_q_resolution_and_value_of_the_nearest_ring(strip: ProfileStrip) -> None:
    point_at(strip, 0.251)
    assert strip.readout.split("   ·   ") == ["q 0.255 nm⁻¹", "d 24.64 nm", "mean 279.43 photons"]
    QApplication.sendEvent(plot_of(strip), QEvent(QEvent.Type.Leave))
    assert strip.readout == ""


def test_a_radius_in_pixels_has_no_resolution(strip: ProfileStrip) -> None:
    strip.set_profile(np.arange(50) + 0.5, np.ones(50), "radius (px)", "mean")
    QApplication.processEvents()
    point_at(strip, 20.4)
    assert strip.readout.split("   ·   ") == ["radius 20.5 px", "mean 1"]


def test_axes_carry_names_and_units(strip: ProfileStrip) -> None:
    plot = plot_of(strip).getPlotItem()
    assert plot.getAxis("bottom").labelText == "q (nm⁻¹)"
    assert plot.getAxis("left").labelText == "mean (photons)"


def test_what_a_logarithmic_axis_cannot_show_is_said(strip: ProfileStrip) -> None:
    values = MEAN.copy()
    values[10:13] = (0.0, -1.0, np.nan)
    strip.set_profile(Q, values, "q (nm⁻¹)", "mean (ADU)")
    assert strip.readout.startswith("2 of 99 rings")
    strip.log_button.click()
    assert strip.readout == ""


def test_the_values_axis_switches_between_logarithmic_and_linear(strip: ProfileStrip) -> None:
    assert 2.5 < shown_range(strip, 1)[1] < 3.5
    strip.log_button.click()
    QApplication.processEvents()
    assert shown_range(strip, 1)[1] > 900


def test_the_wheel_zooms_x_for_all_frames_until_a_double_click(strip: ProfileStrip, qtbot: QtBot) -> None:
    whole = shown_range(strip, 0)
    wheel(strip, 0.5)
    low, high = zoomed = shown_range(strip, 0)
    assert whole[0] < low < 0.5 < high < whole[1]
    strip.set_profile(Q, MEAN * 2, "q (nm⁻¹)", "mean (photons)")
    assert shown_range(strip, 0) == zoomed
    qtbot.mouseDClick(plot_of(strip).viewport(), Qt.MouseButton.LeftButton)
    assert shown_range(strip, 0) == pytest.approx(whole)
    wheel(strip, 0.5)
    strip.set_profile(Q * 2, MEAN, "q (nm⁻¹)", "mean (photons)")
    assert shown_range(strip, 0) == pytest.approx((0.01, 1.99))


def test_colours_follow_the_palette(strip: ProfileStrip) -> None:
    for palette in (theme.dark_palette(), theme.light_palette()):
        strip.setPalette(palette)
        QApplication.processEvents()
        image = plot_of(strip).grab().toImage()
        seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
        assert image.pixelColor(1, 1) == palette.color(QPalette.ColorRole.Window)
        accent = palette.color(QPalette.ColorRole.Highlight)
        assert min(_distance(QColor(name), accent) for name in seen) < 30


def _distance(one: QColor, other: QColor) -> int:
    return abs(one.red() - other.red()) + abs(one.green() - other.green()) + abs(one.blue() - other.blue())


def test_the_plot_leaves_keys_to_the_window_and_has_no_menu_of_its_own(strip: ProfileStrip) -> None:
    assert plot_of(strip).focusPolicy() == Qt.FocusPolicy.NoFocus
    assert strip.log_button.focusPolicy() == Qt.FocusPolicy.NoFocus
    assert plot_of(strip).getPlotItem().getViewBox().menu is None


def test_no_profile_stays_when_its_frame_goes(qtbot: QtBot) -> None:
    view = FrameView()
    qtbot.addWidget(view)
    view.show()
    view.profile_action.setChecked(True)
    strip = view.findChild(ProfileStrip)
    assert strip is not None

    def profiled() -> bool:
        view.set_profile(Q, MEAN, "q (nm⁻¹)", "mean")
        return strip.plot is not None and strip.plot.isVisible()

    picture = prepare(Frame(0, np.ones((9, 9), np.uint16), np.zeros((9, 9), np.uint8)), DisplaySettings())
    assert not profiled()
    view.show_picture(picture)
    assert profiled()
    view.show_unreadable("Frame 1 cannot be read.")
    assert strip.plot is not None
    assert not strip.plot.isVisible()
    assert not profiled()
    view.show_picture(picture)
    assert profiled()
    view.show_message("No run")
    assert not strip.plot.isVisible()


def test_pyqtgraph_is_loaded_with_the_first_curve_on_screen_and_takes_no_hooks() -> None:
    script = """
import sys, threading
import numpy as np
from PyQt6.QtWidgets import QApplication
from widgets.frame.profile import ProfileStrip
application = QApplication([])
hooks = sys.excepthook, threading.excepthook
strip = ProfileStrip()
strip.set_profile(np.arange(9), np.arange(9), "q (nm⁻¹)", "mean")
before = "pyqtgraph" in sys.modules
strip.show()
print(before, "pyqtgraph" in sys.modules, (sys.excepthook, threading.excepthook) == hooks)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True"]
    assert "Traceback" not in done.stderr
