"""Reconstructing the frame on screen, in the whole window: run, pause, change, watch, compare, keep, export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication, QFileDialog

from app.commands import Needs
from app.main_window import MainWindow
from app.phasing import controller
from models.patterns import PatternSettings
from tests.app import phasing_for_tests
from tests.app.conftest import WAIT_MS, press
from tests.app.phasing_for_tests import ENDLESS
from widgets.phase.pane import AMPLITUDES, COMPARE, OBJECT, PREPARE, SUPPORT, PhasePane

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

KEYS = {"F8": "inspect.pause", "F9": "inspect.step", "Shift+F8": "inspect.stop"}


@pytest.fixture
def phase_window(monkeypatch: pytest.MonkeyPatch, window: MainWindow) -> MainWindow:
    """The window with the small run open; reconstructions are made up by a stand-in, with two starts."""
    monkeypatch.setattr(controller, "RECONSTRUCT_TASK", f"{phasing_for_tests.__name__}:reconstruct")
    window.session.phasing.settings = replace(window.session.phasing.settings, starts=2)
    return window


def pane_of(window: MainWindow) -> PhasePane:
    assert window.panes is not None
    assert window.panes.phase_presenter is not None
    return window.panes.phase_presenter.pane


def wait(qtbot, there: Callable[[], bool]) -> None:
    qtbot.waitUntil(there, timeout=3 * WAIT_MS)  # a worker and the service are started on the way


def run(qtbot, window: MainWindow) -> None:
    """Ctrl+R, and wait for the result."""
    press(window, "Ctrl+R")
    wait(qtbot, lambda: window.session.phasing.result is not None)
    wait(qtbot, lambda: not window.panes.phase_presenter.live.pieces.waiting)


def begin(qtbot, window: MainWindow) -> None:
    """Ctrl+R with a schedule that goes on until it is stopped, and wait for the first records."""
    phasing = window.session.phasing
    phasing.settings = replace(phasing.settings, schedule=ENDLESS)
    press(window, "Ctrl+R")
    wait(qtbot, lambda: phasing.latest is not None and phasing.state == controller.RUNNING)


def give(window: MainWindow, keys: str) -> None:
    """A command by its key's name; function keys go the way of the menu."""
    assert window.actions_table.trigger(KEYS[keys])
    QApplication.processEvents()


def test_before_anything_was_phased_no_time_is_spent_on_it(window: MainWindow) -> None:
    assert window.panes.phase_presenter is None, "the pane is made when it is first shown"
    assert window.panes.docks["phase"].isHidden()
    assert not window.actions_table["inspect.pause"].isEnabled()
    assert not window.actions_table["inspect.export_result"].isEnabled()


def test_ctrl_r_prepares_runs_and_keeps_the_result(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    window.session.browser.go_to(3)
    run(qtbot, window)
    pane, phasing = pane_of(window), window.session.phasing
    assert window.panes.docks["phase"].isFloating(), "at first in a window of its own"
    assert phasing.subject.title == "Frame 3"
    assert "1. mask:" in pane.preparation.text(), "nothing was altered silently"
    assert "centre: beam at" in pane.preparation.text()
    wait(qtbot, lambda: pane.starts.cell(0, "State") == "finished · kept")
    assert pane.starts.cell(1, "Free LLK") == "2.000"
    assert pane.trust.words().startswith("A made-up result.")
    assert "5 px" in pane.prtf.text()
    wait(qtbot, lambda: len(phasing.kept.rows) == 1)
    assert Needs.RESULT in window.session.available()
    assert pane.transport.text() == "Finished: 2 starts, 2 kept."
    assert pane.transport.run.isEnabled()


def test_it_is_paused_stepped_and_stopped_by_keys(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    begin(qtbot, window)
    pane, phasing = pane_of(window), window.session.phasing
    assert not pane.recipe.starts.isEnabled()
    give(window, "F8")
    wait(qtbot, lambda: phasing.latest.paused)
    before = phasing.latest.done
    assert pane.transport.pause.text() == "Go on"
    give(window, "F9")
    wait(qtbot, lambda: phasing.latest.done == before + 2)
    assert phasing.latest.paused, "one iteration of both starts, and it waits again"
    give(window, "F8")
    wait(qtbot, lambda: phasing.latest.done > before + 8)
    give(window, "Shift+F8")
    wait(qtbot, lambda: phasing.result is not None)
    assert phasing.state == controller.STOPPED
    assert phasing.result.starts[0].ended == "stopped"
    assert "Stopped: 2 starts" in pane.transport.text()


def test_what_is_changed_while_it_runs_acts_and_is_on_record(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    begin(qtbot, window)
    pane, phasing = pane_of(window), window.session.phasing
    pane.recipe.beta.field.setValue(0.7)
    wait(qtbot, lambda: phasing.settings.beta == 0.7)
    done = phasing.latest.done
    wait(qtbot, lambda: phasing.latest.done > done + 12)
    give(window, "Shift+F8")
    wait(qtbot, lambda: phasing.result is not None)
    assert [values["beta"] for _, values in phasing.result.changes] == [0.7]
    assert phasing.result.settings["beta"] != 0.7, "as it was at the start"
    assert phasing.result.name.endswith(", changed while it ran")


def test_a_bad_schedule_says_where_and_nothing_is_run(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    window.actions_table.trigger("inspect.phase")
    pane = pane_of(window)
    pane.recipe.schedule_edited.emit("10*(50 HIP)")
    assert pane.recipe.verdict().startswith("Schedule, column 8:")
    assert "HIO" in pane.recipe.verdict(), "the name that is close"
    window.session.phasing.settings = replace(window.session.phasing.settings, schedule="50 HIP")
    press(window, "Ctrl+R")
    assert window.session.phasing.state == controller.FAILED
    assert "HIP" in pane.problem()


def test_another_start_is_watched_and_two_are_compared(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    begin(qtbot, window)
    pane, phasing = pane_of(window), window.session.phasing
    pane.show_page(OBJECT)
    wait(qtbot, lambda: pane.object.picture is not None)
    seed = phasing.settings.seed
    pane.starts.watch_wanted.emit(seed + 1)
    wait(qtbot, lambda: pane.object.picture.largest == seed + 2.0)
    pane.starts.compared.emit((seed, seed + 1))
    assert pane.shows(COMPARE)
    left, right = pane.compare.sides
    wait(qtbot, lambda: left.picture is not None and right.picture is not None)
    assert (left.picture.largest, right.picture.largest) == (seed + 1.0, seed + 2.0)
    give(window, "Shift+F8")
    wait(qtbot, lambda: phasing.result is not None)
    wait(qtbot, lambda: "free LLK" in pane.compare.text())


def test_measured_and_calculated_are_one_pattern(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    run(qtbot, window)
    pane = pane_of(window)
    pane.show_page(AMPLITUDES)
    canvas = pane.amplitudes.canvas
    wait(qtbot, lambda: canvas.shows_picture and canvas.shows_calculated)
    pattern = window.session.phasing.prepared
    height, width = pattern.shape
    canvas.hovered.emit(height // 2, width // 2)
    assert "y 0  x 0 px" in pane.amplitudes.text()
    assert "measured" in pane.amplitudes.text()
    assert "calculated" in pane.amplitudes.text()
    assert "photons" not in pane.amplitudes.text(), "the run does not say what its values are"


def test_a_frame_without_a_measured_pixel_is_refused_with_a_sentence(qtbot, make_window, open_in, tmp_path) -> None:
    frames = np.full((2, 24, 24), np.nan, np.float32)
    np.save(tmp_path / "dark.npy", frames)
    window = make_window()
    open_in(window, tmp_path / "dark.npy")
    press(window, "Ctrl+R")
    wait(qtbot, lambda: window.session.phasing.state == controller.FAILED)
    assert "measured" in pane_of(window).problem()
    assert window.session is not None, "the run stays open"


def test_the_centre_can_be_given_and_found_again(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    window.actions_table.trigger("inspect.phase")
    pane, phasing = pane_of(window), window.session.phasing
    pane.show_page(PREPARE)
    pane.preparation.prepare.click()
    wait(qtbot, lambda: phasing.prepared is not None)
    pane.preparation.y.setValue(12.0)
    pane.preparation.x.setValue(14.0)
    wait(qtbot, lambda: phasing.prepared.centre == (12.0, 14.0))
    assert "as given" in pane.preparation.text()
    pane.preparation.search.click()
    wait(qtbot, lambda: "Friedel" in pane.preparation.text())
    form = pane.preparation.form()
    form.set_value(PatternSettings(binning=2))
    form.changed.emit()
    wait(qtbot, lambda: phasing.prepared.shape[0] <= 12)
    assert "binning" in pane.preparation.text()


def test_a_drawn_support_is_what_the_next_run_begins_with(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    run(qtbot, window)
    pane, phasing = pane_of(window), window.session.phasing
    pane.show_page(SUPPORT)
    wait(qtbot, lambda: pane.support.drawing is not None)
    drawn = np.zeros(phasing.prepared.shape, bool)
    drawn[5:9, 6:12] = True
    pane.support.drawing.set_mask(drawn)
    pane.support.use.click()
    assert phasing.settings.first_support == "given"
    assert pane.recipe.first.currentText() == "given"
    first = phasing.result.id
    press(window, "Ctrl+R")
    wait(qtbot, lambda: phasing.result is not None and phasing.result.id != first)
    assert phasing.result.starts[0].support_pixels == drawn.sum()
    pane.support.source_wanted.emit("autocorrelation")
    pane.show_page(SUPPORT)
    wait(qtbot, lambda: pane.support.canvas.picture_size() == phasing.prepared.shape)


def test_results_are_renamed_deleted_brought_back_and_found_again(
    qtbot, phase_window: MainWindow, run_file: Path
) -> None:
    window = phase_window
    run(qtbot, window)
    phasing = window.session.phasing
    wait(qtbot, lambda: len(phasing.kept.rows) == 1)
    pane, result = pane_of(window), phasing.kept.rows[0].id
    pane.results.renamed.emit(result, "the best one")
    wait(qtbot, lambda: phasing.kept.rows and phasing.kept.rows[0].name == "the best one")
    pane.results.delete_wanted.emit(result)
    wait(qtbot, lambda: not phasing.kept.rows)
    assert phasing.result is None
    assert not pane.results.undo.isHidden()
    pane.results.undo_wanted.emit()
    wait(qtbot, lambda: len(phasing.kept.rows) == 1)
    window.session.browser.go_to(5)
    wait(qtbot, lambda: phasing.subject.frame == 5)
    assert not phasing.kept.rows, "another frame, other results"
    phasing.set_settings(replace(phasing.settings, beta=0.66))
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        press(window, "F5")
    again = window.session.phasing
    assert again.settings.beta == 0.66, "the recipe is remembered with the run"
    window.session.browser.go_to(0)
    wait(qtbot, lambda: again.result is not None)
    assert again.result.name == "the best one"


def test_one_frame_at_a_time(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    begin(qtbot, window)
    window.session.browser.go_to(7)
    press(window, "Ctrl+R")
    assert window.session.phasing.subject.frame == 0
    assert "Frame 0 is being reconstructed" in window.notice.text()
    give(window, "Shift+F8")
    wait(qtbot, lambda: window.session.phasing.result is not None)


def test_a_result_is_exported_and_repeated(qtbot, phase_window: MainWindow, tmp_path: Path) -> None:
    window = phase_window
    phasing = window.session.phasing
    phasing.settings = replace(phasing.settings, seed=5)
    run(qtbot, window)
    first = phasing.result
    assert window.actions_table.trigger("inspect.export_result")
    dialog = window.findChild(QFileDialog, "export_result")
    assert dialog is not None
    target = tmp_path / "object.npy"
    dialog.fileSelected.emit(str(target))
    dialog.reject()
    wait(qtbot, target.exists)
    wait(qtbot, lambda: not window.jobs.running())
    values = np.load(target, allow_pickle=False)
    assert np.iscomplexobj(values)
    assert values.shape == first.shape
    phasing.set_settings(replace(phasing.settings, seed=0))
    assert window.actions_table.trigger("inspect.repeat")
    wait(qtbot, lambda: phasing.result is not None and phasing.result.id != first.id)
    assert phasing.result.starts[0].seed == 5


def test_a_result_is_repeated_as_it_was_made_whatever_is_set_now(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    run(qtbot, window)
    phasing = window.session.phasing
    shape = phasing.result.shape
    drawn = np.zeros(shape, bool)
    drawn[5:9, 6:12] = True
    phasing.use_support(drawn)
    first = phasing.result.id
    press(window, "Ctrl+R")
    wait(qtbot, lambda: phasing.result is not None and phasing.result.id != first)
    second = phasing.result.id
    phasing.set_preparation(replace(phasing.preparation, binning=2))  # the drawn support does not fit any more
    wait(qtbot, lambda: phasing.prepared.shape != shape and not phasing.busy)
    assert phasing.support is None
    assert window.actions_table.trigger("inspect.repeat")
    wait(qtbot, lambda: phasing.result is not None and phasing.result.id != second)
    assert phasing.result.shape == shape
    assert phasing.result.starts[0].support_pixels == drawn.sum()
    press(window, "Ctrl+R")  # and what is set holds for the next run
    wait(qtbot, lambda: phasing.result is not None and phasing.result.shape != shape)


def test_closing_the_run_ends_its_starts(qtbot, phase_window: MainWindow) -> None:
    window = phase_window
    begin(qtbot, window)
    press(window, "Ctrl+W")
    wait(qtbot, lambda: not window.jobs.running())
    assert "Open a run" in pane_of(window).transport.text()
