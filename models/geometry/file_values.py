"""What a geometry file says is to be found in the data file: numbers at a path, bad-pixel masks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen
from models.geometry.detector import MaskRule, Quantity
from models.geometry.positions import shape_text
from models.runs import units
from models.runs.types import Run

if TYPE_CHECKING:
    import h5py

_MOST_MASK_VALUES = 2**28
_FEW = 10_000

Conversion = Callable[[float, str], float | None]
"""(value, unit) → value in the unit wanted, None for an unknown unit"""


class DataFile:
    """The run's own file, opened for as long as its geometry is looked up; of another kind than HDF5 it says nothing.

    Attributes:
        notes: what could not be found or was assumed, in sentences.
    """

    def __init__(self, run: Run, geometry_path: Path | None = None) -> None:
        """`geometry_path`: mask files may lie beside it, or beside the run."""
        self.path = run.path
        self.notes: list[str] = []
        self._run = run
        self._folders = [run.path.parent, *([] if geometry_path is None else [geometry_path.parent])]
        self._file: h5py.File | None = None
        self._tried = False

    def __enter__(self) -> DataFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def file(self) -> h5py.File | None:
        """The open file; None where the run is no HDF5 file."""
        if not self._tried:
            self._tried = True
            self._file = _open(self.path)
        return self._file

    def length_m(self, wanted: Quantity | None, word: str, *, literal: str, found: str) -> float | None:
        """A length in metres; `literal` and `found` are the units without one, of a number and of one in the file."""
        return self._value(wanted, word, units.length_in_m, literal=literal, found=found)

    def energy_eV(self, energy: Quantity | None, wavelength: Quantity | None) -> float | None:
        """The photon energy, from itself or else from the wavelength."""
        value = self._value(energy, "photon energy", units.energy_in_eV, literal="eV", found="eV")
        if value is None:
            metres = self.length_m(wavelength, "wavelength", literal="m", found="m")
            value = units.energy_of_wavelength(metres) if metres else None
        if value is not None and not units.is_photon_energy(value):
            self.notes.append(
                f"A photon energy of {value:.4g} eV in the geometry file cannot be meant: it is ignored"
            )
            return None
        return value

    def _value(
        self,
        wanted: Quantity | None,
        word: str,
        convert: Callable[[float, str], float | None],
        *,
        literal: str,
        found: str,
    ) -> float | None:
        if wanted is None:
            return None
        number, unit = wanted.value, wanted.unit or literal
        if number is None:
            there = self._number(wanted.location)
            if there is None:
                self.notes.append(f"The {word} is not known: {self.path.name} has no number at {wanted.location}")
                return None
            number, unit = there[0], wanted.unit or there[1] or found
        value = convert(number, unit)
        if value is None:
            self.notes.append(
                f"The {word} in the geometry file is in “{unit}”, which is no known unit: it is ignored"
            )
        return value

    def _number(self, location: str) -> tuple[float, str] | None:
        """(median value, its unit attribute) of a dataset of the data file."""
        from models.runs.hdf5.values import READ_ERRORS, number, unit_of

        if self.file is None or "%" in location:
            return None
        try:
            dataset = _dataset(self.file, location)
            if dataset is None:
                return None
            value = number(dataset)
            # Zero is no distance, but an encoder may well stand there; long arrays of nothing are not looked through.
            if value is None and 0 < dataset.size <= _FEW and dataset.dtype.kind in "iuf" and not dataset[()].any():
                value = 0.0
            return None if value is None else (value, unit_of(dataset))
        except (*READ_ERRORS, MemoryError):
            return None

    def bad_pixels(self, rule: MaskRule, slab: tuple[int, ...]) -> npt.NDArray[np.bool_] | None:
        """Shape of the slab, True where the rule's mask calls a pixel bad; None where there is no such mask."""
        from models.runs.hdf5.values import READ_ERRORS

        name = f"the geometry's mask {rule.location}" + (f" in {rule.file}" if rule.file else "")
        try:
            if not rule.file:
                return None if self.file is None else self._bad_in(self.file, rule, slab, name)
            path = self._beside(rule.file)
            opened = None if path is None else _open(path)
            if opened is None:
                self.notes.append(f"{name} is not used: no such HDF5 file lies beside the geometry or the run")
                return None
            with opened:
                return self._bad_in(opened, rule, slab, name)
        except READ_ERRORS as error:
            self.notes.append(f"{name} is not used: it cannot be read ({error})")
            return None

    def _bad_in(
        self, file: h5py.File, rule: MaskRule, slab: tuple[int, ...], name: str
    ) -> npt.NDArray[np.bool_] | None:
        from models.runs.hdf5.values import read_all

        if "%" in rule.location:
            self.notes.append(f"{name} is not used: it is another one for every event")
            return None
        dataset = _dataset(file, rule.location)
        if dataset is None:
            self.notes.append(f"{name} is not used: there is no such dataset")
            return None
        size = int(np.prod(slab))
        if dataset.size != size or dataset.size > _MOST_MASK_VALUES:
            per_frame = dataset.size == size * len(self._run)
            why = "it is one for every frame, which the run reads itself" if per_frame else "its shape does not fit"
            self.notes.append(f"{name} is not used: {why} ({shape_text(dataset.shape)} for {shape_text(slab)})")
            return None
        if dataset.dtype.kind not in "iub":
            self.notes.append(f"{name} is not used: its values are {dataset.dtype}, no bits")
            return None
        values = read_all(dataset).reshape(slab).astype(np.uint64)
        good, bad = np.uint64(rule.good), np.uint64(rule.bad)
        flagged: npt.NDArray[np.bool_] = ((values & good) != good) | ((values & bad) != 0)
        return flagged

    def _beside(self, name: str) -> Path | None:
        """A file of this name within the folders of the geometry and the run; nothing outside them is opened."""
        for folder in self._folders:
            try:
                found = (folder / name).resolve()
                if found.is_file() and found.is_relative_to(folder.resolve()):
                    return found
            except (OSError, ValueError):
                continue
        return None


def _dataset(file: h5py.File, location: str) -> h5py.Dataset | None:
    """The dataset at a path, None where there is none, or none that may be read.

    Links out of the file's folder are not followed. Raises one of `models.runs.hdf5.values.READ_ERRORS`.
    """
    import h5py

    from models.runs.hdf5.tree import LinkNotFollowed, follow_link
    from models.runs.hdf5.unsafe import why_unsafe

    folder = Path(file.filename).resolve().parent
    found = file
    for part in filter(None, location.split("/")):
        if not isinstance(found, h5py.Group) or "\0" in part:
            return None
        try:
            found = follow_link(found, part, folder)
        except LinkNotFollowed:
            return None
    if not isinstance(found, h5py.Dataset) or found.shape is None or why_unsafe(found, other_files=True):
        return None
    return found


def _open(path: Path) -> h5py.File | None:
    """The HDF5 file, None where it is none."""
    from models.runs.hdf5.file import open_hdf5

    try:
        with path.open("rb") as plain:
            if not plain.read(1):
                return None
        import h5py

        if not h5py.is_hdf5(path):
            return None
        return open_hdf5(path)[0]
    except (OSError, ValueError, CannotOpen):
        return None
