"""The part of the tour that reconstructs a frame: run, watch, pause, change, go on, compare, draw, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog

from app.phasing.controller import FAILED, PAUSED, Phasing
from app.tour.hands import TourStuck, drag, press, screenshot, spin, type_text, wait_until
from models.phasing.presets import QUICK_LOOK
from widgets.phase.pane import AMPLITUDES, COMPARE, OBJECT, PREPARE, RECIPE, STARTS, SUPPORT, PhasePane

if TYPE_CHECKING:
    from app.tour.walk import Tour

PATIENCE_S = 300.0
"""the workers load libraries and compile before the first iteration"""
SCHEDULE = "4*(20 RAAR + SW) + 40 ER"
STARTS_RUN = 3


class PhaseSteps:
    """Steps of a tour on its present frame."""

    def __init__(self, tour: Tour, out: Path, results: dict[str, Any]) -> None:
        self._tour = tour
        self._out = out
        self._results = results

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """Name and action of each."""
        return [
            ("prepare", self._prepare), ("reconstruct", self._reconstruct), ("steer", self._steer),
            ("believe", self._believe), ("amplitudes", self._amplitudes), ("compare", self._compare),
            ("support", self._support), ("export-result", self._export), ("dock", self._dock),
        ]  # fmt: skip

    @property
    def _phasing(self) -> Phasing:
        phasing: Phasing = self._tour.session.phasing
        return phasing

    @property
    def _pane(self) -> PhasePane:
        panes = self._tour.window.panes
        assert panes is not None
        assert panes.phase_presenter is not None
        return panes.phase_presenter.pane

    def _prepare(self) -> None:
        """Look at the pattern before anything is run."""
        press(self._tour.window, "Shift+R")
        spin(0.5)
        self._pane.show_page(PREPARE)
        QTest.mouseClick(self._pane.preparation.prepare, Qt.MouseButton.LeftButton)
        self._wait(lambda: self._phasing.prepared is not None, "the pattern")
        self._pane.show_page(AMPLITUDES)
        self._pane.show_page(PREPARE)
        spin(0.3)
        prepared = self._phasing.prepared
        assert prepared is not None
        self._results["pattern"] = {"shape": list(prepared.shape), "steps": [step.words for step in prepared.steps]}

    def _reconstruct(self) -> None:
        """The quick preset with a schedule of one's own, Ctrl+R, and watch."""
        recipe = self._pane.recipe
        self._pane.show_page(RECIPE)
        place = recipe.preset.findText(QUICK_LOOK.title)
        recipe.preset.setCurrentIndex(place)
        recipe.preset.activated.emit(place)
        recipe.schedule.setFocus()
        recipe.schedule.selectAll()
        type_text(SCHEDULE, self._tour.window)
        press(recipe.schedule, "Return")
        recipe.starts.setValue(STARTS_RUN)
        spin(0.3)
        if self._phasing.settings.schedule != SCHEDULE:
            raise TourStuck("The schedule that was typed was not taken", cause=recipe.verdict())
        recipe.schedule.clearFocus()
        self._tour.window.actions_table.trigger("inspect.reconstruct")
        self._wait(lambda: self._pane.object.picture is not None and self._phasing.latest is not None, "a picture")
        self._pane.show_page(OBJECT)
        self._pane.show_page(STARTS)

    def _steer(self) -> None:
        """Pause, let the support be larger, one step, and go on."""
        table = self._tour.window.actions_table
        if table.trigger("inspect.pause"):
            spin(0.3)
            slider = self._pane.recipe.area_high.slider
            slider.setValue(slider.value() + 60)
            table.trigger("inspect.step")
            spin(0.3)
            self._results["paused"] = self._phasing.state == PAUSED
            screenshot(self._tour.window, self._out / "phase-paused.png")
            table.trigger("inspect.pause")
        else:
            self._results["paused"] = None  # it was over before it could be paused

    def _believe(self) -> None:
        """The end, and what it says of itself."""
        self._wait(lambda: self._phasing.result is not None, "the result")
        spin(0.5)
        result = self._phasing.result
        assert result is not None
        self._results["result"] = {
            "r_factor": _number(result.trust.r_factor), "kept": result.trust.kept, "starts": result.trust.starts,
            "warnings": list(result.trust.warnings),
        }  # fmt: skip

    def _amplitudes(self) -> None:
        """Drag the divider."""
        self._pane.show_page(AMPLITUDES)
        spin(0.3)
        canvas = self._pane.amplitudes.canvas
        middle = canvas.height() / 2 + 60
        drag(canvas, [QPointF(canvas.width() * share, middle) for share in (0.5, 0.55, 0.6)])
        self._results["divider"] = round(canvas.divider, 2)

    def _compare(self) -> None:
        """Tick two starts."""
        self._pane.show_page(STARTS)
        spin(0.2)
        view = self._pane.starts.table()
        model, viewport = view.model(), view.viewport()
        assert model is not None
        assert viewport is not None
        for row in range(2):
            box = view.visualRect(model.index(row, 0))
            QTest.mouseClick(
                viewport, Qt.MouseButton.LeftButton, pos=QPointF(box.left() + 12, box.center().y()).toPoint()
            )
        self._pane.show_page(COMPARE)
        left, right = self._pane.compare.sides
        self._wait(lambda: left.picture is not None and right.picture is not None, "two starts side by side")
        spin(0.3)
        self._results["compared"] = self._pane.compare.text()

    def _support(self) -> None:
        """Draw an ellipse on the autocorrelation."""
        self._pane.show_page(SUPPORT)
        editor = self._pane.support
        editor.source.setCurrentIndex(1)
        editor.source.activated.emit(1)
        self._wait(lambda: editor.ready, "the autocorrelation")
        editor.choose_tool("ellipse")
        canvas = editor.canvas
        width, height = canvas.width(), canvas.height()
        drag(canvas, [QPointF(width * s, height * s) for s in (0.38, 0.5, 0.62)])
        spin(0.3)
        drawn = editor.drawing
        assert drawn is not None
        self._results["drawn_px"] = int(np.count_nonzero(drawn.mask))
        if not self._results["drawn_px"]:
            raise TourStuck("No support was drawn")

    def _export(self) -> None:
        target = self._out / "reconstruction.cxi"
        target.unlink(missing_ok=True)
        window = self._tour.window
        window.actions_table.trigger("inspect.export_result")
        self._wait(lambda: window.findChild(QFileDialog, "export_result") is not None, "the question for a file")
        dialog = window.findChild(QFileDialog, "export_result")
        assert dialog is not None
        dialog.fileSelected.emit(str(target))
        dialog.reject()
        self._wait(lambda: target.exists() and not window.jobs.running(), "the exported result")
        self._results["exported_result_kb"] = round(target.stat().st_size / 1024)

    def _dock(self) -> None:
        """Beside the map, a page at a time."""
        window = self._tour.window
        window.actions_table.trigger("view.phase_apart")
        self._pane.show_page(OBJECT)
        spin(0.5)
        assert window.panes is not None
        self._results["docked"] = not window.panes.docks["phase"].isFloating()
        screenshot(window, self._out / "phase-docked.png")
        window.panes.raise_dock("map")
        window.panes.frame_page.setFocus()

    def _wait(self, there: Callable[[], bool], what: str) -> None:
        def settled() -> bool:
            if self._phasing.state == FAILED:
                raise TourStuck("The reconstruction failed", cause=self._phasing.words)
            return there()

        wait_until(settled, PATIENCE_S, what)


def _number(value: float) -> float | None:
    """Three decimals; None where it cannot be said."""
    return round(value, 3) if np.isfinite(value) else None
