"""What MarCCD and Rayonix detectors write between a TIFF file's directory and its pixels.

The block of 3072 bytes at byte 1024 is that of the manufacturer's "frame header" (version MMX), of fixed layout: all
numbers are 32-bit integers, scaled as noted here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from models.runs import units
from models.runs.types import Geometry

_PLACE, _LENGTH = 1024, 3072
_LITTLE, _BIG = 1234, 4321
_NAME, _BYTE_ORDER, _SATURATED = 4, 28, 104
_DISTANCE, _BEAM_X, _BEAM_Y = 640, 644, 648  # µm, thousandths of a pixel
_PIXEL_X, _PIXEL_Y = 772, 776  # nm
_WAVELENGTH = 908  # fm


@dataclass(frozen=True, slots=True)
class MarCcd:
    """What the header says.

    Attributes:
        geometry: None wherever it says zero.
        saturation_level: raw value that marks a saturated pixel, None where it says none.
    """

    geometry: Geometry
    saturation_level: float | None


def read_marccd(path: Path) -> MarCcd | None:
    """The header of a TIFF file, None where the detector is another one. Raises OSError."""
    with path.open("rb") as file:
        file.seek(_PLACE)
        block = file.read(_LENGTH)
    if len(block) < _LENGTH or block[_NAME : _NAME + 3] != b"MMX":
        return None
    order = "<" if struct.unpack_from("<I", block, _BYTE_ORDER)[0] == _LITTLE else ">"
    if struct.unpack_from(order + "I", block, _BYTE_ORDER)[0] not in (_LITTLE, _BIG):
        return None

    def number(place: int, factor: float) -> float | None:
        value: int = struct.unpack_from(order + "i", block, place)[0]
        return float(f"{value * factor:.9g}") if value > 0 else None

    y, x = number(_PIXEL_Y, 1e-9), number(_PIXEL_X, 1e-9)
    row, column = number(_BEAM_Y, 1e-3), number(_BEAM_X, 1e-3)
    wavelength = number(_WAVELENGTH, 1e-15)
    energy = None if wavelength is None else units.energy_of_wavelength(wavelength)
    geometry = Geometry(
        distance_m=number(_DISTANCE, 1e-6),
        pixel_size_m=(y, x) if y and x else None,
        photon_energy_eV=energy if energy and units.is_photon_energy(energy) else None,
        centre_px=(row, column) if row and column else None,
    )
    return MarCcd(geometry, number(_SATURATED, 1.0))
