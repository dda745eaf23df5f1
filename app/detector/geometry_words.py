"""What the Geometry page says: sources, facts and states in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.detector.geometry import centre_of
from models.geometry.positioned import YOURS, Positioned, slab_shape
from models.geometry.positions import shape_text
from models.geometry.settings import AS_STORED, FROM_FILE, GeometrySettings
from models.runs.types import Run
from widgets.detector.geometry_pane import CENTRE_X, CENTRE_Y, DISTANCE, ENERGY, PIXEL, WAVELENGTH
from widgets.detector.geometry_values import ValueShown
from widgets.text import counted, grouped

if TYPE_CHECKING:
    from models.detector.symmetry import CentreEstimate

_POOR = 0.3
"""Correlations below this are found on frames that have no symmetry to speak of."""


def choices(present: str) -> list[tuple[str, str]]:
    """(value, title) of what pixels can be laid out by; the present geometry file among them."""
    found = [(AS_STORED, "As stored"), (FROM_FILE, "By the positions in the run's own file")]
    if present not in (AS_STORED, FROM_FILE):
        found.append((present, f"By {Path(present).name}"))
    return found


def source(word: str) -> str:
    """Whose word a number is, for the column beside it."""
    if not word:
        return "not in the file"
    return word if word == YOURS else f"from {word}"


def values_of(tried: Positioned, draft: GeometrySettings, shape: tuple[int, int]) -> dict[str, ValueShown]:
    """What the rows show: numbers in their units, and whose they are."""
    geometry, sources = tried.geometry, tried.sources
    pixel, energy, wavelength = geometry.pixel_size_m, geometry.photon_energy_eV, geometry.wavelength_m
    y, x = centre_of(geometry, shape)
    centre = source(sources.centre) if sources.centre else "the frame's middle"
    ours = draft.centre_px is not None
    energy_ours = draft.photon_energy_eV is not None
    return {
        DISTANCE: ValueShown(_in(geometry.distance_m, 1e3), source(sources.distance), draft.distance_m is not None),
        ENERGY: ValueShown(energy, source(sources.photon_energy), energy_ours),
        WAVELENGTH: ValueShown(_in(wavelength, 1e9), source(sources.photon_energy), energy_ours),
        PIXEL: ValueShown(
            _in(None if pixel is None else pixel[1], 1e6), source(sources.pixel_size), draft.pixel_size_m is not None
        ),
        CENTRE_Y: ValueShown(y, centre, ours),
        CENTRE_X: ValueShown(x, centre, ours),
    }


def facts_of(found: Positioned, run: Run) -> str:
    """What the positions come to, in a sentence or two."""
    stored = shape_text(slab_shape(run))
    if found.assembly is None:
        return f"Frames are shown as they lie in the file, {stored} pixels."
    made = found.assembly.found
    name = found.positions_from if found.detector is None else found.detector.name
    height, width = found.assembly.shape
    sentence = (
        f"{counted(found.panels, 'panel')} of {name} put {stored} stored pixels into frames of {height}×{width}."
    )
    share = 100 * made.gaps / made.index.size
    gaps = f"{grouped(made.gaps)} places ({share:.0f} %) have no pixel."
    lost = f"{grouped(made.collisions)} pixels give way to a nearer one in their place." if made.collisions else ""
    return f"{sentence} {gaps} {lost}".strip()


def symmetry(estimate: CentreEstimate) -> str:
    """How far to believe a centre found by symmetry."""
    said = f"Mates correlate by {estimate.correlation:.2f} over {grouped(estimate.pixels)} pixels"
    if estimate.correlation < _POOR:
        return f"{said}: too little to rely on. Take a frame with more signal."
    return f"{said}. Tried on this frame, not applied yet."


def state(*, changed: bool, untouched: bool, stored: bool) -> str:
    """Whether what is seen is what is used."""
    if changed:
        return "Tried on the frame: rings, readout and profile. Apply uses it everywhere."
    if untouched:
        return "As the run's file says."
    return "Applied." if stored else "Applied. Frames are seen looking into the beam: +x right, +y up."


def _in(value: float | None, factor: float) -> float | None:
    return None if value is None else float(f"{value * factor:.12g}")
