"""Feeds the Geometry page: what lays the pixels out, and the numbers that q rests on, tried before they are applied.

Positions are applied as soon as they are chosen, because frames have to be put together anew. Numbers are tried on
the frame on screen (rings, readout, profile) and applied together.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QFileDialog

from app.detector import geometry_words as words
from app.detector.geometry_work import stamp, symmetric_about
from app.jobs.threads import LatestWorker
from app.rings import depth_of, readout_for, rings_for
from models.detector import geometry as detector_geometry
from models.errors import BadGeometry, BadParameter, FriedelError
from models.geometry.positioned import Positioned, lay_out, slab_shape
from models.geometry.settings import AS_STORED, GeometrySettings
from models.parameters import validate
from models.runs.types import PLANCK_TIMES_LIGHT_EV_M, Run
from widgets.detector.geometry_pane import (
    CENTRE_X,
    CENTRE_Y,
    DISTANCE,
    ENERGY,
    PIXEL,
    WAVELENGTH,
    GeometryPane,
)
from widgets.frame.geometry_overlay import GeometryOverlay

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession
    from models.detector.symmetry import CentreEstimate

log = logging.getLogger(__name__)

GEOM_FILTER = "CrystFEL geometry (*.geom);;All files (*)"
_STEPS_KEPT = 100


class GeometryPresenter(QObject):
    """One pane, one session at a time."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session: RunSession | None = None
        self._found: Positioned | None = None
        self._laid_out: tuple[tuple[object, ...], Positioned] | None = None
        self._draft = GeometrySettings()
        self._before: list[GeometrySettings] = []
        self._tried = False
        self._dragging = False
        self._worker: LatestWorker | None = None
        self._overlay: GeometryOverlay | None = None
        self.pane = GeometryPane()
        pane = self.pane
        pane.choice_made.connect(self.choose)
        pane.open.clicked.connect(self.ask_geom)
        pane.dropped.connect(self.open_geom)
        pane.values.changed.connect(self._typed)
        pane.place.toggled.connect(self._place)
        pane.find.clicked.connect(self.find_centre)
        pane.outlines_toggled.connect(lambda _on: self._show_overlay())
        pane.apply.clicked.connect(self.apply)
        pane.revert.clicked.connect(self.revert)
        pane.undo.clicked.connect(self.undo)
        pane.set_run(False)

    def show_session(self, session: RunSession | None) -> None:
        """Follow an open run from now on; None clears everything."""
        self._session, self._found = session, None
        self._before, self._tried = [], False
        self.pane.place.setChecked(False)
        self.pane.set_run(session is not None)
        self.pane.show_found("", ())
        if session is None:
            if self._worker is not None:
                self._worker.close()
                self._worker = None
            if not self._window.treating.reopening:
                self._laid_out = None
            self._show_overlay()
            return
        self._draft = session.treatment.geometry
        self._show_choices()
        self._look(self._draft.positions, self._looked, self._not_looked)

    @property
    def draft(self) -> GeometrySettings:
        """The settings as they are tried."""
        return self._draft

    # -- what lays the pixels out ----------------------------------------------------------------------------------

    def ask_geom(self) -> None:
        """Have a geometry file chosen."""
        settings = self._window.settings
        path, _ = QFileDialog.getOpenFileName(self._window, "Open geometry", settings.last_folder, GEOM_FILTER)
        if path:
            settings.last_folder = str(Path(path).parent)
            self.open_geom(path)

    def open_geom(self, path: str) -> None:
        """Lay the pixels out by a geometry file; the present one is read anew, for it may have been changed."""
        path = str(Path(path).absolute())
        session = self._session
        if session is not None and path == session.treatment.geometry.positions:
            self.pane.say_problem("")
            self._look(path, lambda _found: self._open_again(), self._refuse)
        else:
            self.choose(path)

    def _open_again(self) -> None:
        """The same run, treated the same."""
        session, window = self._session, self._window
        if session is not None:
            run = session.run
            window.opener.open(run.path, run.dataset or None, window.settings.annotator_name, session.treatment)

    def choose(self, positions: str) -> None:
        """Lay the pixels out by this from now on, if it fits the run; otherwise nothing changes but a sentence."""
        session = self._session
        if session is None:
            return
        self.pane.say_problem("")
        if positions == session.treatment.geometry.positions:
            self._show_choices()
            return
        self.pane.say("Looking where the pixels are…")
        self._look(positions, lambda found: self._take_positions(positions, found), self._refuse)

    def _take_positions(self, positions: str, found: Positioned) -> None:
        session = self._session
        if session is None:
            return
        # A centre is one in pixels of the frame as it was laid out; and a geometry file's own numbers are wanted.
        draft = replace(self._draft, positions=positions, centre_px=None, pixel_size_m=None)
        if found.detector is not None and found.sources.distance == found.detector.name:
            draft = replace(draft, distance_m=None)
        if found.detector is not None and found.sources.photon_energy == found.detector.name:
            draft = replace(draft, photon_energy_eV=None)
        self._window.treat(session.treatment.but(geometry=draft))

    def _refuse(self, error: Exception) -> None:
        self._show_choices()
        self._say_problem(error)
        self._say_state()

    def _look(self, positions: str, done: Callable[[Positioned], None], failed: Callable[[Exception], None]) -> None:
        """Lay the open run's pixels out on a thread: large geometries take a good part of a second."""
        session = self._session
        assert session is not None
        run: Run = getattr(session.run, "base", session.run)
        if self._worker is None:
            self._worker = LatestWorker("geometry")
        before = self._laid_out

        def look() -> tuple[tuple[object, ...], Positioned]:
            stamps = stamp(run.path), stamp(positions)
            key = (run.path, run.dataset, slab_shape(run), run.geometry, positions, *stamps)
            if before is not None and before[0] == key:
                return before  # only numbers changed, or it was looked at a moment ago
            return key, lay_out(positions, run)

        def keep(laid_out: tuple[tuple[object, ...], Positioned]) -> None:
            self._laid_out = laid_out
            done(laid_out[1])

        self._worker.submit(look, keep, failed)

    def _looked(self, found: Positioned) -> None:
        self._found = found
        session = self._session
        assert session is not None
        run: Run = getattr(session.run, "base", session.run)
        self.pane.show_found(words.facts_of(found, run), found.notes)
        self._refresh()

    def _not_looked(self, error: Exception) -> None:
        """The run was opened with it, so this is a file that has gone since."""
        self._say_problem(error)

    def _show_choices(self) -> None:
        self.pane.set_choices(words.choices(self._draft.positions), self._draft.positions)

    # -- the numbers -----------------------------------------------------------------------------------------------

    def _typed(self, key: str, value: float | None) -> None:
        found = self._found
        if found is None:
            return
        draft = self._draft
        if key == DISTANCE:
            draft = replace(draft, distance_m=_scaled(value, 1e-3))
        elif key == ENERGY:
            draft = replace(draft, photon_energy_eV=value)
        elif key == WAVELENGTH:
            energy = None if value is None else PLANCK_TIMES_LIGHT_EV_M / (value * 1e-9) if value > 0 else -1.0
            draft = replace(draft, photon_energy_eV=energy if energy is None else float(f"{energy:.10g}"))
        elif key == PIXEL:
            draft = replace(draft, pixel_size_m=_scaled(value, 1e-6))
        elif value is None:
            draft = replace(draft, centre_px=None)
        else:
            y, x = self._centre(found)
            draft = replace(draft, centre_px=(value, x) if key == CENTRE_Y else (y, value))
            assert key in (CENTRE_Y, CENTRE_X)
        self._change(draft)

    def set_centre(self, y: float, x: float) -> None:
        """Try another centre of the beam, in pixels of the frame as shown."""
        self._change(replace(self._draft, centre_px=(y, x)))

    def _drag_centre(self, y: float, x: float) -> None:
        """The centre is on its way: shown, but no step to go back to."""
        self._change(replace(self._draft, centre_px=(y, x)), step=not self._dragging)
        self._dragging = True

    def _leave_centre(self, y: float, x: float) -> None:
        self._change(replace(self._draft, centre_px=(y, x)), step=not self._dragging)
        self._dragging = False

    def _change(self, draft: GeometrySettings, *, step: bool = True) -> None:
        if self._found is None:
            return
        self.pane.say_problem("")
        try:
            validate(draft)
        except BadParameter as error:
            self._refresh()
            self._say_problem(error)
            return
        if draft != self._draft:
            if step:
                self._before = [*self._before[-_STEPS_KEPT:], self._draft]
            self._draft = draft
        self._refresh()

    def undo(self) -> None:
        """The numbers before the last change."""
        if self._before:
            self._draft = self._before.pop()
            self._refresh()

    def revert(self) -> None:
        """The numbers that are applied."""
        if self._session is not None:
            self._change(self._session.treatment.geometry)

    def apply(self) -> None:
        """Use the numbers for everything from now on."""
        if self._session is not None and self._draft != self._session.treatment.geometry:
            self.pane.place.setChecked(False)
            self._window.treat(self._session.treatment.but(geometry=self._draft))

    def find_centre(self) -> None:
        """Look for the centre of symmetry of the frame on screen."""
        panes, found = self._window.panes, self._found
        picture = None if panes is None else panes.frame_view.picture
        if found is None or picture is None or self._worker is None:
            return
        self.pane.find.setEnabled(False)
        self.pane.say("Looking for the centre of symmetry…")
        frame, guess = picture.frame, self._centre(found)
        self._worker.submit(lambda: symmetric_about(frame, guess), self._found_centre, self._no_centre)

    def _found_centre(self, estimate: CentreEstimate) -> None:
        self.pane.find.setEnabled(True)
        y, x = (round(value, 2) for value in estimate.centre_px)
        self.set_centre(y, x)
        self.pane.say(words.symmetry(estimate))

    def _no_centre(self, error: Exception) -> None:
        self.pane.find.setEnabled(True)
        self._say_state()
        self._say_problem(error)

    def _centre(self, found: Positioned) -> tuple[float, float]:
        session = self._session
        assert session is not None
        return detector_geometry.centre_of(found.corrected(self._draft).geometry, session.run.shape)

    # -- showing ---------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        session, found = self._session, self._found
        if session is None or found is None:
            return
        tried = found.corrected(self._draft)
        self.pane.values.show_values(words.values_of(tried, self._draft, session.run.shape))
        changed = self._draft != session.treatment.geometry
        self.pane.apply.setEnabled(changed)
        self.pane.revert.setEnabled(changed)
        self.pane.undo.setEnabled(bool(self._before))
        self._say_state()
        if changed or self._tried:
            self._tried = True
            self._try(session, tried)
        self._show_overlay()

    def _try(self, session: RunSession, tried: Positioned) -> None:
        """Rings, readout and profile of the frame on screen follow at once; no frame is read for it."""
        panes = self._window.panes
        if panes is None:
            return
        shape = session.run.shape
        panes.frame_view.set_rings(*rings_for(tried.geometry, shape))
        panes.frame_view.set_geometry_readout(readout_for(tried.geometry, shape, depth_of(session.run)))
        session.profiler.set_geometry(tried.geometry)
        picture = panes.frame_view.picture
        if panes.frame_view.profile_action.isChecked() and picture is not None:
            session.profiler.want(picture.frame)

    def _place(self, on: bool) -> None:
        if on and self._found is None:
            self.pane.place.setChecked(False)
            return
        self._dragging = False
        if self._window.panes is not None:
            self._the_overlay().set_placing(on)
        self._show_overlay()

    def _show_overlay(self) -> None:
        found = self._found
        if self._window.panes is None or (self._overlay is None and not self.pane.outlines.isChecked()):
            return
        overlay = self._the_overlay()
        if found is None or self._session is None:
            overlay.set_outlines(None)
            overlay.set_centre(None)
            return
        shown = self.pane.outlines.isChecked() and found.assembly is not None
        overlay.set_outlines(found.assembly.found.outlines if shown and found.assembly is not None else None)
        overlay.set_centre(self._centre(found))

    def _the_overlay(self) -> GeometryOverlay:
        if self._overlay is None:
            assert self._window.panes is not None
            self._overlay = GeometryOverlay(self._window.panes.frame_view.canvas)
            self._overlay.centre_moved.connect(self._drag_centre)
            self._overlay.centre_set.connect(self._leave_centre)
            self._overlay.leave_wanted.connect(lambda: self.pane.place.setChecked(False))
        return self._overlay

    def _say_state(self) -> None:
        session = self._session
        if session is None:
            return
        changed = self._draft != session.treatment.geometry
        stored = self._draft.positions == AS_STORED
        self.pane.say(words.state(changed=changed, untouched=session.treatment.geometry.is_nothing, stored=stored))

    def _say_problem(self, error: Exception) -> None:
        if isinstance(error, FriedelError):
            kept = " The geometry before is kept." if isinstance(error, BadGeometry) else ""
            self.pane.say_problem(error.sentence() + kept)
        else:
            log.error("geometry", exc_info=error)
            self.pane.say_problem(f"That did not work: {error}.")


def _scaled(value: float | None, factor: float) -> float | None:
    """In the unit of the settings, without the digits that a change of unit adds."""
    return None if value is None else float(f"{value * factor:.12g}")
