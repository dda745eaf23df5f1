"""Distance, pixel size, photon energy and beam centre out of an HDF5 file's scattered small datasets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.runs import units
from models.runs.hdf5.tree import Leaf, Tree
from models.runs.hdf5.values import number, read_all, spread, unit_of
from models.runs.types import Geometry

if TYPE_CHECKING:
    import h5py

_DISTANCE = re.compile(r"^((detector_?|sample_detector_)?distance(_in_mm|_m|_mm)?|detectordist)$", re.IGNORECASE)
_X_PIXEL = re.compile(r"^(x_pixel_size|pixelwidth)$", re.IGNORECASE)
_Y_PIXEL = re.compile(r"^(y_pixel_size|pixelheight)$", re.IGNORECASE)
_PIXEL = re.compile(r"^pixel_?size(_in_micro_meter|_in_um|_m|_um|_mm)?$")
_ENERGY = re.compile(r"^(photon_?|incident_)?energy(_ev|_in_ev|_kev)?$", re.IGNORECASE)
_WAVELENGTH = re.compile(r"^(photon_|incident_)?wavelength(_a|_nm|_m)?$", re.IGNORECASE)
_SOURCES = re.compile(r"(^|/)(source|monochromator|beam|lcls|instrument|sacla_config|photon)[^/]*$", re.IGNORECASE)
_MANY = 4
_SPREAD = 0.01
_BEAM_CENTRE = re.compile(r"^beam_center_y$")
_SUFFIX_UNITS = {
    "_ev": "eV",
    "_kev": "keV",
    "_mm": "mm",
    "_um": "µm",
    "_in_micro_meter": "µm",
    "_nm": "nm",
    "_m": "m",
    "_a": "Å",
}


def read_geometry(file: h5py.File, tree: Tree, homes: Sequence[str]) -> tuple[Geometry, tuple[str, ...]]:
    """What the file says on where its pixels are.

    Args:
        file: the open file.
        tree: its datasets.
        homes: the groups that hold the frames; what lies nearest to them is believed first.

    Returns:
        The geometry, and sentences on units that had to be assumed.
    """
    notes: list[str] = []
    finder = _Finder(file, tree, homes, notes)
    distance = finder.length(_DISTANCE, "distance", units.guess_distance_m)
    x_pitch = finder.length(_X_PIXEL, "pixel size", units.guess_pixel_m)
    y_pitch = finder.length(_Y_PIXEL, "pixel size", units.guess_pixel_m)
    if x_pitch is None and y_pitch is None:
        x_pitch = y_pitch = finder.length(_PIXEL, "pixel size", units.guess_pixel_m)
    pixel = None
    if x_pitch is not None or y_pitch is not None:
        pixel = (y_pitch or x_pitch or 0.0, x_pitch or y_pitch or 0.0)
    geometry = Geometry(
        distance_m=distance,
        pixel_size_m=pixel,
        photon_energy_eV=finder.photon_energy(),
        centre_px=finder.centre(pixel),
    )
    return geometry, tuple(dict.fromkeys(notes))


class _Finder:
    def __init__(self, file: h5py.File, tree: Tree, homes: Sequence[str], notes: list[str]) -> None:
        self.file = file
        self.tree = tree
        self.homes = list(homes)
        self.notes = notes

    def candidates(self, name: re.Pattern[str], *, of_source: bool = False) -> list[Leaf]:
        """Datasets of this name, nearest to the frames first."""

        def wanted(leaf: Leaf) -> bool:
            if leaf.dtype.kind not in "iuf" or len(leaf.shape) > 2 or not name.match(leaf.name):
                return False
            parents = self.tree.homes(leaf)
            return (
                not of_source
                or any(_SOURCES.search(parent) for parent in parents)
                or any(parent in self.homes for parent in parents)
            )

        return self.tree.near(self.homes, wanted)

    def value(self, leaf: Leaf) -> tuple[float | None, str]:
        """(number, unit) of a dataset; the unit from its attribute, else from its name."""
        try:
            dataset = self.file[leaf.path]
        except (OSError, KeyError, RuntimeError):
            return None, ""
        unit = unit_of(dataset)
        if not unit:
            name = leaf.name.lower()
            unit = next((unit for end, unit in _SUFFIX_UNITS.items() if name.endswith(end)), "")
        return number(dataset), unit

    def note_spread(self, leaf: Leaf, unit: str) -> None:
        """Say it where a number that is used differs between frames by more than matters to q."""
        if len(leaf.shape) != 1 or leaf.shape[0] < _MANY:
            return
        ends = spread(self.file[leaf.path])
        if ends is not None and abs(ends[1] - ends[0]) > _SPREAD * max(map(abs, ends)):
            low, high = (f"{end:.6g}" for end in ends)
            self.notes.append(
                f"{leaf.path} differs between frames, from {low} to {high} {unit}".rstrip() + ": its median is used"
            )

    def length(self, name: re.Pattern[str], word: str, guess: Callable[[float], tuple[float, str]]) -> float | None:
        """A length in metres, from the nearest dataset that gives one."""
        for leaf in self.candidates(name):
            value, unit = self.value(leaf)
            if value is None:
                continue
            value = abs(value)
            self.note_spread(leaf, unit)
            known = units.length_in_m(value, unit)
            if known is not None:
                return known
            metres, assumed = guess(value)
            if assumed != "m":
                self.notes.append(
                    f"{leaf.path} is {value:g} without a unit: the {word} is taken as {value:g} {assumed}"
                )
            return metres
        return None

    def photon_energy(self) -> float | None:
        """Electronvolts, from an energy or else a wavelength."""
        energy = self._energy()
        wavelength = self._wavelength()
        if wavelength is None:
            return energy
        from_wavelength = units.energy_of_wavelength(wavelength)
        if energy is None:
            return from_wavelength if units.is_photon_energy(from_wavelength) else None
        if abs(from_wavelength - energy) > 0.01 * energy:
            self.notes.append(
                f"The file's photon energy ({energy:.6g} eV) and wavelength ({wavelength * 1e9:.6g} nm, which is "
                f"{from_wavelength:.6g} eV) disagree: the energy is used"
            )
        return energy

    def _energy(self) -> float | None:
        for leaf in self.candidates(_ENERGY, of_source=True):
            value, unit = self.value(leaf)
            if value is None or value < 0:
                continue
            energy = units.energy_in_eV(value, unit)
            if energy is None:
                energy, assumed = units.guess_energy_eV(value)
                if assumed != "J" and units.is_photon_energy(energy):
                    self.notes.append(f"{leaf.path} is {value:g} without a unit: it is taken as {assumed}")
            if units.is_photon_energy(energy):
                self.note_spread(leaf, unit)
                return energy
        return None

    def _wavelength(self) -> float | None:
        for leaf in self.candidates(_WAVELENGTH, of_source=True):
            value, unit = self.value(leaf)
            if value is None or value <= 0:
                continue
            self.note_spread(leaf, unit)
            wavelength = units.length_in_m(value, unit)
            if wavelength is None:
                wavelength, assumed = units.guess_wavelength_m(value)
                if assumed != "m":
                    self.notes.append(f"{leaf.path} is {value:g} without a unit: it is taken as {assumed}")
            return wavelength
        return None

    def centre(self, pixel: tuple[float, float] | None) -> tuple[float, float] | None:
        """(y, x) of the direct beam in pixels, from CXI's image centre or corner, or from NeXus's beam centre."""
        beside = [leaf.path.rsplit("/", 1)[0] for leaf in self.candidates(_BEAM_CENTRE)[:1]]
        for home in [*self.homes, *beside]:
            centre = self._image_centre(home) or self._beam_centre(home, pixel) or self._corner(home)
            if centre is not None:
                return centre
        return None

    def _image_centre(self, home: str) -> tuple[float, float] | None:
        values = self._array(home, "image_center")
        if values is None or values.size < 2 or not values[:2].any():
            return None
        return float(values[1]), float(values[0])

    def _beam_centre(self, home: str, pixel: tuple[float, float] | None) -> tuple[float, float] | None:
        found = []
        for axis, name in enumerate(("beam_center_y", "beam_center_x")):
            leaf = self.tree.get(home, name)
            if leaf is None:
                return None
            value, unit = self.value(leaf)
            if value is None:
                return None
            length = units.length_in_m(value, unit)
            if length is not None and pixel is not None:
                found.append(length / pixel[axis])
            elif unit.lower().startswith("pix"):
                found.append(value)
            else:
                return None
        return found[0], found[1]

    def _corner(self, home: str) -> tuple[float, float] | None:
        """The pixel at x = y = 0 of a flat detector, from CXI's corner and its vectors per slow and fast step."""
        corner, basis = self._array(home, "corner_position"), self._array(home, "basis_vectors", flat=False)
        if corner is None or basis is None or corner.size != 3:
            return None
        if basis.shape == (3, 2):
            basis = basis.T
        if basis.shape not in ((2, 3), (2, 2)):
            return None
        steps = basis[:, :2].T
        if abs(float(np.linalg.det(steps))) < 1e-20:
            return None
        slow, fast = np.linalg.solve(steps, -corner[:2])
        return float(slow) - 0.5, float(fast) - 0.5

    def _array(
        self, home: str, name: str, *, flat: bool = True
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
        leaf = self.tree.get(home, name)
        if leaf is None or leaf.dtype.kind not in "iuf" or int(np.prod(leaf.shape)) > 12:
            return None
        try:
            values = read_all(self.file[leaf.path]).astype(np.float64)
        except (OSError, RuntimeError, KeyError):
            return None
        if not np.isfinite(values).all():
            return None
        return values.ravel() if flat else values
