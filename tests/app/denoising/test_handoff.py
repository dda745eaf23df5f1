"""From the Denoise pane to phase retrieval and back, and detector units that become counts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.denoising import controller
from app.denoising.handoff import recipe_words
from app.main_window import MainWindow
from app.settings import Settings
from models.denoising.counting import CountingSettings
from tests.app.denoising.test_window import denoise, pane_of, settled, tv_window, wait  # noqa: F401

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_it_goes_to_phasing_marked_as_denoised_and_back(qtbot, tv_window: MainWindow) -> None:  # noqa: F811
    window = tv_window
    window.session.browser.go_to(4)
    denoise(qtbot, window)
    offered: list[tuple[str, str, str]] = []
    window.session.offered.connect(lambda *words: offered.append(words))
    pane_of(window).phasing.click()
    phasing = window.session.phasing
    assert phasing.subject.frame == 4
    assert phasing.settings.input == "bounded-first"
    assert phasing.settings.denoiser == "gaussian sigma_px=1.0"
    assert "not as counts" in offered[0][0]
    phase = window.panes.phase_presenter.pane
    wait(qtbot, lambda: "denoising" in phase.preparation.text())
    assert "Gaussian blur" in phase.preparation.text()
    window.actions_table.trigger(offered[0][2])
    assert phasing.settings.input == "raw"
    assert "Gaussian blur" not in phase.preparation.text()


@pytest.fixture
def adu_window(qtbot, make_window, open_in, tmp_path) -> MainWindow:
    """Frames of a detector whose photon is 20 units, its own noise 2; two pixels are full."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:64, :64] - 31.5
    rate = 1.5 * np.exp(-(y**2 + x**2) / 300)
    frames = 20.0 * rng.poisson(rate, (3, 64, 64)) + rng.normal(0, 2.0, (3, 64, 64))
    frames[:, 5, 5:7] = 16000
    np.save(tmp_path / "adu.npy", frames.astype(np.float32))
    kept = json.dumps({"method": "gaussian", "values": {}})
    window = make_window(Settings(annotator="ada", embed_on_open=False, scaling="linear", denoising=kept))
    open_in(window, tmp_path / "adu.npy")
    return window


def test_detector_units_are_noticed_and_become_photons(qtbot, adu_window: MainWindow) -> None:
    window = adu_window
    denoise(qtbot, window)
    pane, denoising = pane_of(window), window.session.denoising
    wait(qtbot, lambda: "not whole numbers" in pane.facts.text())
    pane.method.counting_changed.emit(CountingSettings(adu_per_photon=20.0, saturation_level=15000.0))
    settled(qtbot, window)
    outcome = denoising.outcome
    counts = denoising.subject.counts.raw
    assert outcome.photons == counts[denoising.subject.counts.valid].sum()
    assert np.array_equal(counts, np.rint(counts))
    assert outcome.measured_pixels == 64 * 64 - 2, "full pixels are not measured"
    assert not outcome.result.warnings
    wait(qtbot, lambda: "photons" in pane.facts.text())
    before = window.panes.denoise_presenter.shown.before
    assert before.frame.raw.max() == counts.max(), "what is compared is in photons on both sides"
    pane.pictures.levels_chosen.emit("counts", 0.0, 3.0)
    assert window.panes.frame_view.settings.levels.high == 60.0, "the frame view shows the stored values"
    state = denoising.to_state()
    assert controller._counting(state["counting"]) == CountingSettings(20.0, 15000.0)


def test_the_value_of_a_photon_is_found_in_the_histogram(qtbot, adu_window: MainWindow) -> None:
    window = adu_window
    denoise(qtbot, window)
    pane_of(window).method.find.click()
    denoising = window.session.denoising
    wait(qtbot, lambda: denoising.counting.adu_per_photon is not None)
    assert denoising.counting.adu_per_photon == pytest.approx(20.0, rel=0.06)


def test_what_is_done_is_said_in_words(tv_window: MainWindow) -> None:  # noqa: F811
    words = recipe_words(tv_window.session.denoising)
    assert words.startswith("Gaussian blur: ")
    assert "width σ 1 px" in words
