"""Facts of a run, runs opened before, the welcome pane and the dataset picker."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDialogButtonBox, QLabel, QScrollArea, QTreeWidget
from pytestqt.qtbot import QtBot

from models.errors import DatasetCandidate
from widgets.dataset_picker import DatasetPicker
from widgets.empty import EmptyState
from widgets.recent_list import RecentList, RecentRun
from widgets.run_panel import RunFacts, RunPanel, fact_lines
from widgets.welcome import WelcomePane

FACTS = RunFacts(
    name="PR772",
    path="/data/PR772.cxi",
    dataset="/entry_1/data_1/data",
    frames=48_211,
    height=260,
    width=257,
    dtype="float32",
    unit="photons",
    masked_pixels=6_682,
    photon_energy_eV=1600.25,
    distance_m=0.581,
    pixel_size_m=(300e-6, 300e-6),
    warnings=("3 frames hold infinite pixels; they are masked.",),
)
RECENT = (RecentRun("/a.cxi", "a.cxi", "2 frames"), RecentRun("/gone.h5", "gone.h5", present=False))


def test_every_fact_has_its_unit() -> None:
    facts = dict(fact_lines(FACTS))
    assert facts["Frames"] == "48\u202f211"
    assert facts["Size"] == "260 × 257 px (float32, photons)"
    assert facts["Masked"] == "6\u202f682 pixels (10.0 %)"
    assert facts["Photon energy"] == "1600.2 eV"
    assert facts["Distance"] == "0.581 m"
    assert facts["Pixel size"] == "300 µm"


def test_what_the_file_does_not_say_is_said() -> None:
    bare = RunFacts(name="x", path="/x.npy", frames=1, height=4, width=4, dtype="uint16")
    facts = dict(fact_lines(bare))
    assert facts["Photon energy"] == facts["Distance"] == facts["Pixel size"] == "not in the file"
    assert "Dataset" not in facts
    oblong = RunFacts(name="x", path="", frames=1, height=1, width=1, dtype="u1", pixel_size_m=(75e-6, 100e-6))
    assert dict(fact_lines(oblong))["Pixel size"] == "75 × 100 µm"


@pytest.fixture
def panel(qtbot: QtBot) -> RunPanel:
    panel = RunPanel()
    qtbot.addWidget(panel)
    panel.resize(280, 460)
    panel.show()
    return panel


def test_panel_shows_facts_and_warnings_of_the_open_run_only(panel: RunPanel) -> None:
    assert panel.findChild(EmptyState).isVisible()
    panel.set_run(FACTS)
    shown = {label.text() for label in panel.findChildren(QLabel) if label.isVisible()}
    assert {"PR772", "1600.2 eV", FACTS.warnings[0]} <= shown
    panel.set_run(None)
    assert panel.findChild(EmptyState).isVisible()


def test_recent_runs_open_and_missing_ones_do_not(panel: RunPanel, qtbot: QtBot) -> None:
    panel.set_recent(RECENT)
    recent = panel.findChild(RecentList)
    recent.setCurrentRow(0)
    with qtbot.waitSignal(panel.open_requested) as opened:
        QTest.keyClick(recent, Qt.Key.Key_Return)
    assert opened.args == ["/a.cxi"]
    assert "missing" in recent.item(1).text()
    assert not recent.item(1).flags() & Qt.ItemFlag.ItemIsEnabled
    panel.set_recent(())
    assert not recent.isVisible()


@pytest.fixture
def welcome(qtbot: QtBot) -> WelcomePane:
    pane = WelcomePane()
    qtbot.addWidget(pane)
    pane.resize(1000, 700)
    pane.show()
    return pane


def test_welcome_offers_three_ways_to_begin(welcome: WelcomePane, qtbot: QtBot) -> None:
    for button, signal in (
        (welcome.file_button, welcome.open_file_requested),
        (welcome.folder_button, welcome.open_folder_requested),
        (welcome.demo_button, welcome.demo_requested),
    ):
        with qtbot.waitSignal(signal):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_one_click_opens_a_recent_run_and_a_missing_one_does_nothing(welcome: WelcomePane, qtbot: QtBot) -> None:
    welcome.set_recent(RECENT)
    recent = welcome.findChild(RecentList)
    with qtbot.waitSignal(welcome.recent_chosen) as chosen:
        where = recent.visualItemRect(recent.item(0)).center()
        QTest.mouseClick(recent.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert chosen.args == ["/a.cxi"]
    with qtbot.assertNotEmitted(welcome.recent_chosen):
        where = recent.visualItemRect(recent.item(1)).center()
        QTest.mouseClick(recent.viewport(), Qt.MouseButton.LeftButton, pos=where)


def test_dropped_files_are_told_and_other_things_are_not_taken(
    welcome: WelcomePane, qtbot: QtBot, tmp_path: Path
) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.cxi")), QUrl("https://example.org/b.cxi")])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(welcome.rect().center(), copy, data, left, none)
    welcome.dragEnterEvent(enter)
    assert enter.isAccepted()
    welcome.grab()
    with qtbot.waitSignal(welcome.dropped) as dropped:
        welcome.dropEvent(QDropEvent(QPointF(welcome.rect().center()), copy, data, left, none))
    assert dropped.args == [[str(tmp_path / "a.cxi")]]
    words = QMimeData()
    words.setText("hello")
    other = QDragEnterEvent(welcome.rect().center(), copy, words, left, none)
    other.ignore()
    welcome.dragEnterEvent(other)
    assert not other.isAccepted()


CANDIDATES = (
    DatasetCandidate("/entry/data", (1200, 512, 512), "uint16", 5.0, "named data"),
    DatasetCandidate("/entry/dark", (512, 512), "uint16", 1.0, "one image"),
)


def test_picker_proposes_the_likeliest_and_takes_the_chosen(qtbot: QtBot) -> None:
    picker = DatasetPicker("scan.h5", CANDIDATES)
    qtbot.addWidget(picker)
    assert picker.chosen_path() == "/entry/data"
    tree = picker.findChild(QTreeWidget)
    assert [tree.topLevelItem(row).text(1) for row in range(2)] == ["1\u202f200", "1"]
    tree.setCurrentItem(tree.topLevelItem(1))
    with qtbot.waitSignal(picker.accepted):
        tree.itemActivated.emit(tree.topLevelItem(1), 0)
    assert picker.chosen_path() == "/entry/dark"


def test_picker_without_candidates_cannot_open(qtbot: QtBot) -> None:
    picker = DatasetPicker("scan.h5", ())
    qtbot.addWidget(picker)
    button = picker.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Open)
    assert not button.isEnabled()
    assert picker.chosen_path() == ""


def test_a_long_name_without_spaces_does_not_push_the_facts_out_of_the_panel(panel: RunPanel) -> None:
    panel.resize(240, 400)
    panel.set_run(dataclasses.replace(FACTS, name="PETRAIII_P25_Near_Field_Ptycho_of_a_Siemens_star.cxi"))
    panel.show()
    area = panel.findChild(QScrollArea)
    assert area.horizontalScrollBar().maximum() == 0
    assert area.widget().minimumSizeHint().width() <= area.viewport().width()
