"""A run's geometry as the settings want it: frames assembled or not, and the numbers that q rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.errors import BadGeometry
from models.geometry.assembly import Assembly, index_map
from models.geometry.crystfel import read_geom
from models.geometry.detector import DetectorGeometry
from models.geometry.file_positions import file_positions
from models.geometry.file_values import DataFile
from models.geometry.positions import PixelPositions, bad_flags, panel_index, positions_of
from models.geometry.settings import AS_STORED, FROM_FILE, GeometrySettings
from models.geometry.value_flags import ValueFlags
from models.parameters import validate
from models.runs.types import FlagImage, FloatImage, Geometry, PixelFlag, Run

YOURS = "yours"
THE_FILE = "the file"
_DISAGREE = 0.01
_NOT_PLACED = "the detector's geometry is not applied"
_NO_CENTRE = "does not say where the beam's centre is"
"""Parts of the sentences that opening a run says about its geometry."""
_WORTH_TELLING = 1e-3
"""More pixels than this share without a place of their own are worth a warning."""
_FLAT = 0.5
"""Depths below this many pixels are none."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Whose word each number is: "yours", "the file", the name of a geometry file, or "" where nobody says."""

    distance: str = ""
    photon_energy: str = ""
    pixel_size: str = ""
    centre: str = ""


@dataclass(frozen=True, eq=False)
class Positioned:
    """What `GeometrySettings` come to for a run.

    Attributes:
        assembly: puts frames together; None where they stay as stored.
        geometry: of the frames as shown.
        sources: whose word its numbers are.
        notes: what was assumed or found odd, in sentences for the user.
        detector: the geometry file, None where there is none.
        positions_from: name of what says where the pixels are, "" where frames stay as stored.
        panels: number of panels or modules with a position.
        value_flags: what the geometry file flags by stored value, None for nothing.
        depth_m: (H', W') float32 metres that a pixel lies behind the geometry's distance; None for a flat detector.
    """

    assembly: Assembly | None
    geometry: Geometry
    sources: Sources
    notes: tuple[str, ...] = ()
    detector: DetectorGeometry | None = None
    positions_from: str = ""
    panels: int = 0
    value_flags: ValueFlags | None = None
    depth_m: FloatImage | None = None

    def corrected(self, settings: GeometrySettings) -> Positioned:
        """With the user's numbers in the place of the files'. Raises BadParameter for one out of range."""
        validate(settings)
        geometry, sources = self.geometry, self.sources
        if settings.distance_m is not None:
            geometry, sources = replace(geometry, distance_m=settings.distance_m), replace(sources, distance=YOURS)
        if settings.photon_energy_eV is not None:
            geometry = replace(geometry, photon_energy_eV=settings.photon_energy_eV)
            sources = replace(sources, photon_energy=YOURS)
        if settings.pixel_size_m is not None:
            geometry = replace(geometry, pixel_size_m=(settings.pixel_size_m, settings.pixel_size_m))
            sources = replace(sources, pixel_size=YOURS)
        if settings.centre_px is not None:
            geometry, sources = replace(geometry, centre_px=settings.centre_px), replace(sources, centre=YOURS)
        return replace(self, geometry=geometry, sources=sources)

    def still_true(self, warnings: Sequence[str]) -> tuple[str, ...]:
        """The run's warnings without those on what is known or done now."""
        settled = [_NOT_PLACED] if self.assembly is not None else []
        settled += [_NO_CENTRE] if self.geometry.centre_px is not None else []
        return tuple(warning for warning in warnings if not any(words in warning for words in settled))


def make_geometry(settings: GeometrySettings, run: Run) -> Positioned | None:
    """Geometry of `run` as `settings` want it; None where nothing is to be done.

    Reads the geometry file and, where that or the settings refer to it, the run's own HDF5 file; no frames.

    Raises:
        BadGeometry: it cannot be read or belongs to another detector; both shapes are named.
        BadParameter: a number out of its range.
    """
    return None if settings.is_nothing else lay_out(settings.positions, run).corrected(settings)


def lay_out(positions: str, run: Run) -> Positioned:
    """The geometry without the user's corrections, for `GeometrySettings.positions`. Raises as `make_geometry`."""
    if positions == AS_STORED:
        return Positioned(None, run.geometry, _sources_of(run.geometry))
    if positions == FROM_FILE:
        return _from_file(run)
    return _from_geom(Path(positions).expanduser(), run)


def _from_geom(path: Path, run: Run) -> Positioned:
    detector = read_geom(path)
    slab = slab_shape(run)
    positions = positions_of(detector, slab)
    with DataFile(run, path) as data:
        energy = data.energy_eV(detector.photon_energy, detector.wavelength)
        shift = [data.length_m(one, "detector shift", literal="m", found="m") or 0.0 for one in detector.shift]
        distance, positions = _along_beam(detector, positions, data)
        bad = bad_flags(detector, positions)
        for rule in {rule for panel in detector.panels for rule in panel.masks}:
            masked = data.bad_pixels(rule, slab)
            if masked is not None:
                bad[masked] |= np.uint8(PixelFlag.MASKED)
        notes = [*detector.warnings, *data.notes]
    if any(shift):
        outlines = positions.outlines + np.array([shift[1], shift[0]])
        positions = replace(positions, x=positions.x + shift[0], y=positions.y + shift[1], outlines=outlines)
    own = run.geometry
    sources = replace(_sources_of(own), pixel_size=detector.name, centre=detector.name)
    if distance is not None:
        notes += _differs("distance", own.distance_m, distance, "m", detector.name)
        own, sources = replace(own, distance_m=distance), replace(sources, distance=detector.name)
    if energy is not None:
        notes += _differs("photon energy", own.photon_energy_eV, energy, "eV", detector.name)
        own, sources = replace(own, photon_energy_eV=energy), replace(sources, photon_energy=detector.name)
    slab_index = _slab_index(run)
    flags = ValueFlags(detector, slab, slab_index)
    placed = _assemble(positions, run, own, sources, bad, tuple(notes))
    return replace(placed, detector=detector, value_flags=flags if flags else None)


def _from_file(run: Run) -> Positioned:
    with DataFile(run) as data:
        if data.file is None:
            raise BadGeometry(
                f"{run.path.name} says nothing on where its pixels are",
                cause="it is no HDF5 file",
                hint="Open a geometry file instead",
            )
        positions = file_positions(data.file, run, slab_shape(run))
    own, sources, notes = run.geometry, _sources_of(run.geometry), []
    away = float(np.mean(positions.z[positions.known])) if positions.known.any() else 0.0
    positions = replace(positions, z=positions.z - np.float32(away))
    if own.distance_m is None and away > 0.01:
        own, sources = replace(own, distance_m=float(f"{away:.7g}")), replace(sources, distance=THE_FILE)
        notes.append(f"The distance, {away:.6g} m, is the z of the pixel positions in {positions.name}")
    sources = replace(sources, pixel_size=THE_FILE, centre=THE_FILE)
    return _assemble(positions, run, own, sources, None, tuple(notes))


def _assemble(
    positions: PixelPositions,
    run: Run,
    own: Geometry,
    sources: Sources,
    bad: FlagImage | None,
    notes: tuple[str, ...],
) -> Positioned:
    found = index_map(positions)
    assembly = Assembly(found, run.shape, _slab_index(run), bad)
    said = list(positions.notes)
    depth = assembly.place(np.where(positions.known, positions.z, np.float32(0)).astype(np.float32))
    reach = max(float(-depth.min()), float(depth.max()))
    if reach > _FLAT * positions.pitch_m:
        said.append(
            f"Panels lie up to {reach * 1e3:.3g} mm before or behind the mean distance: q and resolution of a pixel "
            "count with it, rings are drawn for the mean"
        )
    pixels = int(np.count_nonzero(positions.known))
    if found.collisions > _WORTH_TELLING * pixels:
        said.append(
            f"{found.collisions} of {pixels} pixels are not shown: in the assembled frame a "
            "nearer one has their place"
        )
    return Positioned(
        assembly=assembly,
        geometry=assembly.geometry(own),
        sources=sources,
        notes=(*notes, *said),
        positions_from=positions.name,
        panels=positions.panels,
        depth_m=depth if reach > _FLAT * positions.pitch_m else None,
    )


def slab_shape(run: Run) -> tuple[int, ...]:
    """(ss, fs) or (modules, ss, fs): a frame of the run as it is stored."""
    found: tuple[int, ...] = getattr(run, "slab_shape", run.shape)
    return found


def _slab_index(run: Run) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]] | None:
    make = getattr(run, "slab_index", None)
    found: np.ndarray[tuple[int, ...], np.dtype[np.int32]] | None = None if make is None else make()
    return found


def _sources_of(own: Geometry) -> Sources:
    def said(value: object) -> str:
        return "" if value is None else THE_FILE

    return Sources(said(own.distance_m), said(own.photon_energy_eV), said(own.pixel_size_m), said(own.centre_px))


def _along_beam(
    detector: DetectorGeometry, positions: PixelPositions, data: DataFile
) -> tuple[float | None, PixelPositions]:
    """Mean distance of the pixels in metres, None where the file has no clen; positions with z counted from it."""
    lengths = {panel.clen for panel in detector.panels}
    metres = {clen: data.length_m(clen, "distance", literal="m", found="mm") for clen in lengths}
    told = all(value is not None for value in metres.values())
    z = positions.z
    if told:
        z = z.copy()
        for panel in detector.panels:
            z.ravel()[panel_index(detector, panel, z.shape)] += np.float32(metres[panel.clen] or 0.0)
    mean = float(np.mean(z[positions.known], dtype=np.float64)) if positions.known.any() else 0.0
    positions = replace(positions, z=z - np.float32(mean))
    if not told:
        return None, positions
    if mean > 0:
        return float(f"{mean:.7g}"), positions  # z is single precision
    data.notes.append(f"A distance of {mean:.4g} m in {detector.name} cannot be meant: it is ignored")
    return None, positions


def _differs(word: str, file_has: float | None, taken: float, unit: str, name: str) -> list[str]:
    if file_has is None or abs(taken - file_has) <= _DISAGREE * abs(file_has):
        return []
    return [f"The {word} is {taken:.6g} {unit} by {name}, and {file_has:.6g} {unit} by the run's own file"]
