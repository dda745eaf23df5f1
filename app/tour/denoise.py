"""The part of the tour that denoises a frame: look, drag the divider, change a parameter, write frames, hand on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtWidgets import QDialog

from app.denoising.controller import DONE, FAILED, Denoising
from app.denoising.layers import SIGMAS
from app.tour.hands import TourStuck, drag, hover, press, screenshot, spin, wait_until
from widgets.denoise.comparison import BESIDE, DIVIDED
from widgets.denoise.pane import DenoisePane
from widgets.phase.slider_field import SliderField

if TYPE_CHECKING:
    from app.tour.walk import Tour

_STARTS_WITH = Qt.MatchFlag.MatchStartsWith
PATIENCE_S = 120.0
"""the first preview loads libraries"""


class DenoiseSteps:
    """Steps of a tour on its present frame."""

    def __init__(self, tour: Tour, out: Path, results: dict[str, Any]) -> None:
        self._tour = tour
        self._out = out
        self._results = results

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """Name and action of each."""
        return [
            ("denoise", self._denoise), ("denoise-live", self._live), ("denoise-layers", self._layers),
            ("denoise-frames", self._frames),
        ]  # fmt: skip

    @property
    def _denoising(self) -> Denoising:
        denoising: Denoising = self._tour.session.denoising
        return denoising

    @property
    def _pane(self) -> DenoisePane:
        panes = self._tour.window.panes
        assert panes is not None
        assert panes.denoise_presenter is not None
        return panes.denoise_presenter.pane

    def _denoise(self) -> None:
        """Ctrl+D, and drag the divider."""
        press(self._tour.window, "Ctrl+D")
        self._wait("the denoised frame")
        spin(0.5)
        comparison = self._pane.pictures.comparison
        grip = comparison.divider
        middle = QPointF(grip.rect().center())
        drag(grip, [middle, middle - QPointF(40, 0)])
        hover(comparison.after, QPointF(comparison.width() * 0.7, comparison.height() * 0.45))
        outcome = self._denoising.outcome
        assert outcome is not None
        self._results["denoised"] = {
            "method": outcome.recipe.method, "photons": round(outcome.photons, 1), "speckles": outcome.speckle,
            "guessed_px": int(sum(n for rest, n in outcome.rests.items() if rest.name == "GUESSED")),
            "divider": round(comparison.share, 2), "readout": self._pane.pictures.text(),
        }  # fmt: skip

    def _live(self) -> None:
        """Another method, and its parameter dragged; then undone."""
        panel = self._pane.method
        row = panel.method.findData("tv")
        panel.method.setCurrentIndex(row)
        panel.method.activated.emit(row)
        self._wait("total variation")
        form = panel.form()
        assert form is not None
        slider = form.findChildren(SliderField)[0].slider
        before = self._denoising.recipe
        for place in range(slider.value(), slider.value() + 120, 20):
            slider.setValue(place)
            spin(0.05)
        self._wait("the last of the values")
        if self._denoising.recipe == before:
            raise TourStuck("Dragging a parameter changed nothing")
        self._results["dragged_to"] = dict(self._denoising.recipe.values)

    def _layers(self) -> None:
        """Side by side, and what was removed."""
        pictures = self._pane.pictures
        pictures.modes[BESIDE].click()
        row = pictures.layer.findData(SIGMAS)
        pictures.layer.setCurrentIndex(row)
        pictures.layer.activated.emit(row)
        spin(0.5)
        self._results["removed"] = self._pane.facts.text()

    def _frames(self) -> None:
        """Denoise the frame into a file."""
        pictures = self._pane.pictures
        pictures.modes[DIVIDED].click()
        pictures.layer.setCurrentIndex(0)
        pictures.layer.activated.emit(0)
        window = self._tour.window
        target = self._out / "denoised.cxi"
        target.unlink(missing_ok=True)
        press(window, "Ctrl+Shift+D")
        wait_until(lambda: window.findChild(QDialog, "denoise_frames") is not None, PATIENCE_S, "the dialog")
        dialog: Any = window.findChild(QDialog, "denoise_frames")
        dialog.which.setCurrentIndex(dialog.which.findText("Frame", flags=_STARTS_WITH))
        dialog.field.setText(str(target))
        spin(0.1)
        screenshot(window, self._out / "denoise-dialog.png")
        dialog.accept()
        wait_until(lambda: target.exists() and not window.jobs.running(), PATIENCE_S, "the denoised frames")
        self._results["denoised_kb"] = round(target.stat().st_size / 1024)
        window.actions_table.trigger("view.denoise_apart")
        spin(0.3)
        screenshot(window, self._out / "denoise-docked.png")
        assert window.panes is not None
        window.panes.raise_dock("map")
        window.panes.frame_page.setFocus()

    def _wait(self, what: str) -> None:
        def settled() -> bool:
            if self._denoising.state == FAILED:
                raise TourStuck("The frame was not denoised", cause=self._denoising.words)
            return self._denoising.state == DONE

        wait_until(settled, PATIENCE_S, what)
