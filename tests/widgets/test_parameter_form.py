"""A form made from a dataclass gives back the dataclass."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QSpinBox, QToolButton
from pytestqt.qtbot import QtBot

from models.parameters import parameter
from widgets.parameter_form import ParameterForm, readable


@dataclass(frozen=True)
class Settings:
    neighbours: int = parameter(15, "Frames each frame is held near to.", low=2, high=200)
    distance_m: float = parameter(0.581, "Sample to detector.", unit="m", low=0.01, high=100.0)
    fluence: float | None = parameter(None, "Photons per frame.", unit="photons", low=1.0)
    tiny: float = parameter(1e-9, "A small number.", unit="m")
    metric: str = parameter("cosine", "How likeness is measured.", choices=("cosine", "euclidean"))
    blanks: bool = parameter(True, "Add blanks.")
    note: str = parameter("", "Free words.")
    kept: int = 3


EDITED = Settings(
    neighbours=40, distance_m=2.5, fluence=1e12, tiny=2.5e-10, metric="euclidean", blanks=False, note="x", kept=9
)


@pytest.fixture
def form(qtbot: QtBot) -> ParameterForm:
    form = ParameterForm(Settings())
    qtbot.addWidget(form)
    form.show()
    return form


def field(form: ParameterForm, name: str) -> QLineEdit:
    return next(line for line in form.findChildren(QLineEdit) if line.accessibleName() == name)


def typed(form: ParameterForm, name: str, text: str) -> None:
    line = field(form, name)
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


@pytest.mark.parametrize("settings", [Settings(), EDITED])
def test_values_come_back_as_they_were_put(form: ParameterForm, settings: Settings) -> None:
    form.set_value(settings)
    assert form.value() == settings


def test_edits_by_hand_come_out_and_are_told(form: ParameterForm, qtbot: QtBot) -> None:
    with qtbot.waitSignal(form.changed):
        typed(form, "Distance", "1.25")
    with qtbot.waitSignal(form.changed):
        form.findChild(QSpinBox).setValue(40)
    with qtbot.waitSignal(form.changed):
        form.findChild(QCheckBox).click()
    with qtbot.waitSignal(form.changed):
        QTest.keyClick(form.findChild(QComboBox), Qt.Key.Key_Down)
    assert form.value() == Settings(distance_m=1.25, neighbours=40, blanks=False, metric="euclidean")


@pytest.mark.parametrize(
    ("text", "value"), [("1e9", 100.0), ("-3", 0.01), ("0,5", 0.5), ("2.5e-1", 0.25), ("-", 0.581), ("", 0.581)]
)
def test_numbers_are_kept_in_range_and_nonsense_changes_nothing(form: ParameterForm, text: str, value: float) -> None:
    line = field(form, "Distance")
    line.clear()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert form.value().distance_m == value
    assert float(line.text()) == value


def test_an_optional_number_can_be_left_out(form: ParameterForm) -> None:
    typed(form, "Fluence", "200")
    assert form.value().fluence == 200.0
    field(form, "Fluence").clear()
    assert form.value().fluence is None


def test_whole_numbers_stay_in_range(form: ParameterForm) -> None:
    box = form.findChild(QSpinBox)
    box.setValue(10_000)
    assert form.value().neighbours == 200


def test_reset_brings_one_or_all_back(form: ParameterForm, qtbot: QtBot) -> None:
    form.set_value(EDITED)
    form.reset("metric")
    assert form.value().metric == "cosine"
    assert form.value().neighbours == 40
    with qtbot.waitSignal(form.changed):
        form.reset()
    assert form.value() == Settings(kept=9)


def test_reset_buttons_are_only_there_for_what_was_changed(form: ParameterForm) -> None:
    def usable() -> list[str]:
        return [b.toolTip() for b in form.findChildren(QToolButton) if b.isEnabled() and b.toolTip()]

    assert usable() == []
    form.set_value(Settings(neighbours=30))
    assert usable() == ["Back to 15"]


def test_help_range_and_unit_are_told(form: ParameterForm) -> None:
    line = field(form, "Distance")
    assert "Sample to detector." in line.toolTip()
    assert "0.01 … 100 m" in line.toolTip()
    assert "m" in {label.text() for label in form.findChildren(QLabel)}


@pytest.mark.parametrize(
    ("name", "label"),
    [("photon_energy_eV", "Photon energy"), ("min_distance", "Min distance"), ("m", "M"), ("centre_px", "Centre")],
)
def test_names_are_readable(name: str, label: str) -> None:
    assert readable(name) == label
