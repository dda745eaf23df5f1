"""Method, curves, facts and the pane around them, as the user meets them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QLabel

from models.parameters import parameter
from widgets import theme
from widgets.denoise.curves import COUNTED, FILLED, RATE, CurvePanel, Curves, Line
from widgets.denoise.facts_panel import FactsPanel
from widgets.denoise.legend import Legend, LegendEntry
from widgets.denoise.marks import Mark
from widgets.denoise.method_panel import MethodChoice, MethodPanel
from widgets.denoise.pane import FACTS, METHOD, WIDE_FROM_PX, DenoisePane
from widgets.phase.slider_field import SliderField

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@dataclass(frozen=True)
class One:
    strength: float = parameter(0.5, "how much", unit="σ", low=0.01, high=20.0)
    draws: int = parameter(3, "how often", low=0, high=100)


@dataclass(frozen=True)
class Two:
    mates: str = parameter("auto", "average mates", choices=("auto", "on", "off"))


CHOICES = (
    MethodChoice("net", "A network", "Take it always.", "Somebody (2024)", learned=True),
    MethodChoice("one", "Method one", "Fast and plain.", ""),
)


@pytest.fixture
def panel(qtbot) -> MethodPanel:
    made = MethodPanel()
    qtbot.addWidget(made)
    made.set_methods(CHOICES)
    made.set_recipe("one", One(), can_undo=False)
    return made


def test_the_form_follows_the_method_and_says_when_to_take_it(panel: MethodPanel) -> None:
    assert panel.text() == "Fast and plain."
    assert not panel.undo.isEnabled()
    assert not panel.defaults.isEnabled(), "nothing was changed"
    panel.set_recipe("net", Two(), can_undo=True)
    assert panel.text() == "Take it always. Somebody (2024)"
    assert panel.form().value() == Two()
    assert panel.undo.isEnabled()


def test_a_dragged_slider_tells_every_value_on_its_way(qtbot, panel: MethodPanel) -> None:
    told: list[One] = []
    panel.settings_changed.connect(told.append)
    slider = panel.form().findChildren(SliderField)[0]
    for place in (500, 600, 700):
        slider.slider.setValue(place)
    assert len(told) == 3
    assert told[0].strength < told[1].strength < told[2].strength
    assert told[-1].draws == 3
    panel.set_recipe("one", One(strength=2.0), can_undo=True)
    assert len(told) == 3, "showing is no change"
    assert slider.value() == 2.0
    assert panel.defaults.isEnabled()


def curves(level: bool = False) -> Curves:
    x = np.linspace(0.01, 0.5, 40)
    down = np.exp(-20 * x)
    gappy = down.copy()
    gappy[:30] = np.nan
    lines = (Line(COUNTED, "measured", down), Line(RATE, "denoised", down / 2), Line(FILLED, "not measured", gappy))
    return Curves("q (nm⁻¹)", "photons per pixel", x, lines, (1.0, "noise") if level else None, lambda at: f"at {at}")


def test_a_plot_has_names_units_and_a_readout(qtbot) -> None:
    plot = CurvePanel("Radial profile", "It comes with the first frame.")
    qtbot.addWidget(plot)
    plot.resize(400, 260)
    plot.show()
    assert plot.text() == "No radial profile yet It comes with the first frame."
    plot.set_curves(curves(level=True), "all of it")
    assert plot.plot.across.name == "q (nm⁻¹)"
    assert plot.plot.up.name == "photons per pixel"
    assert plot.text() == "all of it"
    assert [text for _, text in plot.plot.up.ticks][-1] == "1"
    assert plot.plot.up.low < np.log10(np.exp(-10) / 2) < plot.plot.up.high
    area = plot.plot.area()
    at = plot.plot.point_at(QPointF(area.right(), area.center().y()))
    assert at == 39
    assert not plot.grab().isNull(), "gaps in a line are no obstacle"
    plot.clear()
    assert "first frame" in plot.text()


def test_without_light_a_plot_is_empty_and_stands(qtbot) -> None:
    plot = CurvePanel("Power spectrum", "")
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    x = np.array([0.1, 0.2])
    plot.set_curves(Curves("f", "p", x, (Line(RATE, "denoised", np.zeros(2)),)))
    assert not plot.grab().isNull()


def test_warnings_come_first_and_in_their_colour(qtbot) -> None:
    panel = FactsPanel()
    qtbot.addWidget(panel)
    panel.set_facts([("Light", "12 photons", "tip")], ["Beware."], ["So it was done."])
    assert panel.text() == "Light: 12 photons ⚠ Beware. So it was done."
    grave = next(label for label in panel.findChildren(QLabel) if label.text() == "⚠ Beware.")
    assert grave.palette().color(QPalette.ColorRole.WindowText) == theme.warning_colour(panel.palette())
    panel.set_tests(["Structure was removed.", "More."], sound=False, running=False, possible=True)
    assert panel.text().endswith("⚠ Structure was removed. More.")
    panel.set_tests([], sound=True, running=True, possible=True)
    assert not panel.test.isEnabled()
    assert panel.test.text() == "Testing…"
    panel.set_facts((), (), ())
    assert panel.text() == ""


def test_the_legend_wraps_where_it_is_too_long(qtbot) -> None:
    legend = Legend()
    qtbot.addWidget(legend)
    legend.set_entries(
        (LegendEntry(Mark.GUESSED, "guessed, 414 pixels"), LegendEntry(Mark.NEAR, "filled from near by, 1216 pixels"))
    )
    legend.resize(700, 20)
    flat = legend.sizeHint().height()
    legend.resize(220, 20)
    assert legend.sizeHint().height() > flat
    assert legend.text() == "guessed, 414 pixels · filled from near by, 1216 pixels"
    assert not legend.grab().isNull()


def test_narrow_it_is_pages_and_wide_all_at_once(qtbot) -> None:
    pane = DenoisePane()
    qtbot.addWidget(pane)
    pane.resize(380, 600)
    pane.show()
    assert not pane.wide
    assert pane.pictures.isVisible()
    assert not pane.method.isVisible()
    pane.show_page(METHOD)
    assert pane.method.isVisible()
    assert not pane.pictures.isVisible()
    pane.resize(WIDE_FROM_PX + 200, 700)
    assert pane.wide
    assert all(page.isVisible() for page in (pane.pictures, pane.method, pane.facts, pane.profile, pane.spectrum))
    pane.resize(380, 600)
    pane.show_page(FACTS)
    assert pane.facts.isVisible()
    assert pane.minimumSizeHint().width() <= 460, "the room beside the frame in a window of 1280 px"


def test_what_goes_on_takes_the_place_of_what_is_said(qtbot) -> None:
    pane = DenoisePane()
    qtbot.addWidget(pane)
    pane.resize(900, 600)
    pane.show()
    pane.set_subject("Frame 7", "1 234 photons")
    pane.set_state("denoising…", busy=True)
    assert pane.state() == "Denoising…"
    assert pane.stop.isVisible()
    pane.set_state("no pixel is measured", busy=False, grave=True)
    assert pane.state() == "No pixel is measured"
    assert not pane.stop.isVisible()
    pane.set_state("", busy=False)
    assert pane.state() == ""
