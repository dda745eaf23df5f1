"""The Denoise pane in the whole window: follow the frame, change parameters, stop, write files, hand to phasing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QDialog

from app.commands import Needs
from app.denoising import controller
from app.denoising.layers import DEVIATION, SIGMAS
from app.main_window import MainWindow
from app.settings import Settings
from tests.app.conftest import WAIT_MS, press
from widgets.denoise.pane import DenoisePane

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def wait(qtbot, there: Callable[[], bool]) -> None:
    qtbot.waitUntil(there, timeout=6 * WAIT_MS)  # a process is started on the way, and loads scipy


def pane_of(window: MainWindow) -> DenoisePane:
    assert window.panes is not None
    assert window.panes.denoise_presenter is not None
    return window.panes.denoise_presenter.pane


@pytest.fixture
def tv_window(qtbot, make_window, open_in, run_file) -> MainWindow:
    """The window with the small run open; a quick method is set."""
    kept = json.dumps({"method": "gaussian", "values": {"gaussian": {"sigma_px": 1.0, "splits": 2}}})
    window = make_window(Settings(annotator="ada", embed_on_open=False, scaling="linear", denoising=kept))
    open_in(window, run_file)
    return window


def denoise(qtbot, window: MainWindow) -> None:
    """Ctrl+D, and wait for the frame on screen."""
    press(window, "Ctrl+D")
    settled(qtbot, window)


def settled(qtbot, window: MainWindow) -> None:
    denoising = window.session.denoising

    def there() -> bool:
        layers = window.panes.denoise_presenter.shown
        return (
            denoising.state in (controller.DONE, controller.FAILED)
            and layers is not None
            and layers.view.outcome is denoising.outcome
        )

    wait(qtbot, there)


def test_before_it_is_asked_for_no_time_is_spent_on_it(window: MainWindow) -> None:
    assert window.panes.denoise_presenter is None, "the pane is made when it is first shown"
    assert window.panes.docks["denoise"].isHidden()
    assert not window.actions_table["inspect.phase_denoised"].isEnabled()
    assert window.session.denoising.subject is None


def test_ctrl_d_shows_the_frame_before_and_after(qtbot, tv_window: MainWindow) -> None:
    window = tv_window
    window.session.browser.go_to(3)
    denoise(qtbot, window)
    pane, denoising = pane_of(window), window.session.denoising
    assert window.panes.docks["denoise"].isFloating(), "at first in a window of its own"
    outcome = denoising.outcome
    assert outcome.key == denoising.subject.key
    assert outcome.recipe.values["sigma_px"] == 1.0, "as it was left"
    assert outcome.result.rate.sum() == pytest.approx(outcome.photons, rel=1e-3)
    assert np.isfinite(outcome.result.deviation).all()
    layers = window.panes.denoise_presenter.shown
    assert layers.after.levels == layers.before.levels, "one scale for both"
    assert pane.pictures.comparison.before.shows_frame
    assert pane.pictures.comparison.after.shows_frame
    wait(qtbot, lambda: "Light:" in pane.facts.text())
    assert f"{round(outcome.photons)} counts" in pane.facts.text().replace("\u202f", "")
    pane.pictures.comparison.hovered.emit(11, 15)
    assert "measured" in pane.pictures.text()
    assert "±" in pane.pictures.text()
    wait(qtbot, lambda: pane.spectrum.plot.curves is not None)
    assert pane.profile.plot.curves.x_name == "radius (px)", "the run does not say where its detector is"
    assert Needs.DENOISED in window.session.available()


def test_it_follows_the_frame_on_screen(qtbot, tv_window: MainWindow) -> None:
    window = tv_window
    denoise(qtbot, window)
    denoising = window.session.denoising
    press(window, "Right")
    wait(qtbot, lambda: denoising.subject.frame.index == 1)
    settled(qtbot, window)
    assert denoising.outcome.key == denoising.subject.key
    window.panes.docks["denoise"].hide()
    press(window, "Right")
    qtbot.wait(200)
    assert denoising.subject.frame.index == 1, "nothing is denoised that nobody looks at"


def test_a_changed_parameter_is_seen_at_once_and_can_be_undone(qtbot, tv_window: MainWindow) -> None:
    window = tv_window
    denoise(qtbot, window)
    pane, denoising = pane_of(window), window.session.denoising
    sharp = denoising.outcome.result.rate.copy()
    outcomes: list[bool] = []
    denoising.outcome_changed.connect(lambda: outcomes.append(denoising.outcome.draft))
    slider = pane.method.form()._fields["sigma_px"].widget.slider
    for place in (600, 700, 800):
        slider.setValue(place)
    settled(qtbot, window)
    assert outcomes[0], "a draft comes before its deviation"
    assert denoising.outcome.recipe == denoising.recipe, "the latest wins"
    assert denoising.outcome.result.rate.max() < sharp.max()
    assert json.loads(window.settings.denoising)["values"]["gaussian"]["sigma_px"] > 1
    for _ in range(3):
        pane.method.undo.click()
    assert denoising.recipe.values["sigma_px"] == 1.0
    assert not pane.method.undo.isEnabled()
    settled(qtbot, window)
    assert denoising.outcome.result.rate == pytest.approx(sharp)


def test_another_method_and_another_layer(qtbot, tv_window: MainWindow) -> None:
    window = tv_window
    denoise(qtbot, window)
    pane, denoising = pane_of(window), window.session.denoising
    pane.method.method_chosen.emit("radial")
    settled(qtbot, window)
    assert denoising.outcome.method_title == "Radial mean"
    assert "One value per ring" in pane.method.text()
    for layer in (SIGMAS, DEVIATION):
        pane.pictures.layer_chosen.emit(layer)
        wait(qtbot, lambda chosen=layer: window.panes.denoise_presenter.shown.view.layer == chosen)
        assert pane.pictures.comparison.after.shows_frame
    pane.pictures.levels_chosen.emit("layer", 1.0, 7.0)
    wait(qtbot, lambda: window.panes.denoise_presenter.shown.after.levels.high == 7.0)


def test_levels_are_those_of_the_frame_view(qtbot, tv_window: MainWindow) -> None:
    window = tv_window
    denoise(qtbot, window)
    pane_of(window).pictures.levels_chosen.emit("counts", 0.0, 77.0)
    assert window.panes.frame_view.settings.levels.high == 77.0
    wait(qtbot, lambda: window.panes.denoise_presenter.shown.before.levels.high == 77.0)
    assert window.panes.denoise_presenter.shown.after.levels.high == 77.0


def test_the_result_is_tested_when_asked(qtbot, tv_window: MainWindow) -> None:
    window = tv_window
    denoise(qtbot, window)
    pane, denoising = pane_of(window), window.session.denoising
    wait(qtbot, lambda: pane.facts.test.isEnabled())
    pane.facts.test.click()
    assert denoising.judging
    wait(qtbot, lambda: denoising.judgement is not None)
    assert denoising.judgement.sentences[0][1:] in pane.facts.text()
    denoising.choose("friedel")
    assert denoising.judgement is None, "it was of another method"


def test_what_takes_long_can_be_stopped(qtbot, tv_window: MainWindow) -> None:
    window = tv_window
    denoise(qtbot, window)
    pane, denoising = pane_of(window), window.session.denoising
    denoising.choose("nlm")
    denoising.set_parameters(type(denoising.parameters)(splits=100, reach_px=50))
    wait(qtbot, lambda: denoising.outcome.draft)
    assert denoising.busy
    assert pane.stop.isVisible()
    pane.stop.click()
    assert not denoising.busy
    assert pane.state().startswith("Stopped")
    denoising.choose("gaussian")
    settled(qtbot, window)
    assert denoising.outcome.recipe.method == "gaussian", "another process took its place"


def test_the_selection_is_denoised_into_a_file(qtbot, tv_window: MainWindow, tmp_path: Path) -> None:
    import h5py

    window = tv_window
    window.session.browser.select((2, 5))
    told: list[str] = []
    window.session.told.connect(told.append)
    window.settings.last_folder = str(tmp_path)
    assert window.actions_table.trigger("inspect.denoise_frames")
    dialog = window.findChild(QDialog, "denoise_frames")
    assert [dialog.which.itemText(row) for row in range(dialog.which.count())] == [
        "The selection (2 frames)", "Frame 0, on screen (1 frame)", "All frames (30 frames)",
    ]  # fmt: skip
    assert dialog.path() == tmp_path / "small-selection-denoised.cxi"
    dialog.which.setCurrentIndex(1)
    assert dialog.path().name == "small-frame-0-denoised.cxi"
    dialog.which.setCurrentIndex(0)
    dialog.accept()
    target = tmp_path / "small-selection-denoised.cxi"
    wait(qtbot, lambda: bool(told))
    assert told[-1].startswith("2 frames denoised into")
    with h5py.File(target) as file:
        assert list(file["entry_1/result_1/original_index"]) == [2, 5]
        assert file["entry_1/data_1/data"].attrs["units"] == "photons (denoised)"
    assert window.jobs.records()[-1].title == "Denoising 2 frames"


def test_the_measured_file_is_never_written_over(qtbot, tv_window: MainWindow, run_file: Path) -> None:
    window = tv_window
    before = run_file.read_bytes()
    assert window.actions_table.trigger("inspect.denoise_frames")
    dialog = window.findChild(QDialog, "denoise_frames")
    go = next(button for button in dialog.buttons.buttons() if button.text() == "Denoise")
    assert go.isEnabled()
    dialog.field.setText(str(run_file))
    assert not go.isEnabled()
    dialog.field.setText(str(run_file.parent / "nowhere" / "a.cxi"))
    assert not go.isEnabled()
    dialog.reject()
    with pytest.raises(Exception, match="was not written"):
        window.session.denoising.start_batch([0], run_file, overwrite=True)
    assert run_file.read_bytes() == before


def test_a_frame_without_a_measured_pixel_is_refused_in_words(qtbot, make_window, open_in, tmp_path) -> None:
    np.save(tmp_path / "dark.npy", np.full((2, 24, 24), np.nan, np.float32))
    window = make_window()
    open_in(window, tmp_path / "dark.npy")
    denoise(qtbot, window)
    assert window.session.denoising.state == controller.FAILED
    assert "No pixel of this frame is measured" in pane_of(window).state()
    assert pane_of(window).pictures.comparison.before.shows_frame, "what there is stays in sight"
    assert window.session.denoising.outcome is None


def test_a_frame_without_photons_stays_without(qtbot, make_window, open_in, tmp_path) -> None:
    np.save(tmp_path / "blank.npy", np.zeros((2, 24, 24), np.uint8))
    settings = Settings(annotator="ada", embed_on_open=False, denoising=json.dumps({"method": "tv"}))
    window = make_window(settings)
    open_in(window, tmp_path / "blank.npy")
    denoise(qtbot, window)
    outcome = window.session.denoising.outcome
    assert not outcome.result.rate.any()
    wait(qtbot, lambda: "Light: 0 counts" in pane_of(window).facts.text())


def test_a_denoised_run_is_not_denoised_again(qtbot, tv_window: MainWindow, tmp_path: Path, open_in) -> None:
    window, target = tv_window, tmp_path / "out.cxi"
    window.session.denoising.start_batch([0, 1], target)
    wait(qtbot, lambda: target.exists() and not window.jobs.running())
    open_in(window, target)
    denoise(qtbot, window)
    assert "denoised already" in pane_of(window).state()


def test_damaged_settings_fall_back_to_the_default(make_window, open_in, run_file) -> None:
    from models.denoising.registry import DEFAULT

    for kept in ("{", '{"method": "gone"}', '{"method": "tv", "values": {"tv": {"weight": -3, "odd": 1}}}', "[]"):
        window = make_window(Settings(annotator="ada", embed_on_open=False, denoising=kept))
        open_in(window, run_file)
        recipe = window.session.denoising.recipe
        assert recipe.method in (DEFAULT, "tv")
        assert recipe.values.get("weight", 0.5) == 0.5
        window.close()
