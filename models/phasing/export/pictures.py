"""Pictures of an object, as PNG or TIFF, and its numbers as NPY."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.display.colour_tables import colours_at
from models.display.complex_colours import complex_colours, phase_colours
from models.errors import BadParameter
from models.files.disk import replace_array, written_aside
from models.phasing.types import Reconstruction

SHOWN = ("complex", "modulus", "phase")
"""Hue and brightness; the modulus; the phase, dark outside the support."""
_BRIGHTEST = 0.998
"""Share of the support's pixels that stay below full brightness: single bright ones do not darken the rest."""


def save_npy(reconstruction: Reconstruction, path: Path) -> Path:
    """The object as NPY: complex64, middle at index n // 2. Raises NotSaved."""
    replace_array(path, reconstruction.object, f"The object was not saved to {path}")
    return path


def picture(reconstruction: Reconstruction, shown: str = "complex", colours: str = "grey") -> npt.NDArray[np.uint8]:
    """(H, W, 4) uint8 RGBA of the object; of a volume the three sections through its middle, side by side.

    Args:
        shown: one of `SHOWN`.
        colours: map of the modulus, one of `models.display.COLOUR_MAPS`.

    Raises:
        BadParameter: `shown` or `colours` is unknown.
    """
    _known(shown)
    values, inside = reconstruction.object, reconstruction.support
    modulus = np.abs(values)
    top = float(np.quantile(modulus[inside], _BRIGHTEST)) if inside.any() else 0.0
    top = top or float(modulus.max(initial=0.0)) or 1.0
    if values.ndim == 3:
        values, inside = _sections(values), _sections(inside)
        modulus = np.abs(values)
    if shown == "complex":
        return complex_colours(values, top)
    if shown == "phase":
        return phase_colours(np.angle(values), inside)
    found: npt.NDArray[np.uint8] = colours_at(colours, (modulus / top).ravel()).reshape(*modulus.shape, 4)
    return found


def save_picture(reconstruction: Reconstruction, path: Path, shown: str = "complex", colours: str = "grey") -> Path:
    """A picture of the object; the suffix says which kind.

    `.png`: as shown on the screen, 8 bits. `.tif`, `.tiff`: numbers, float32: the modulus in √photons, or the phase
    in radians, NaN outside the support, of a volume all its planes; "complex" is a coloured picture in TIFF, too.

    Raises:
        BadParameter: another suffix, or `shown` or `colours` is unknown.
        NotSaved: it cannot be written.
    """
    _known(shown)
    suffix = path.suffix.lower()
    what = f"The picture was not saved to {path}"
    if suffix == ".png":
        from PIL import Image

        image = Image.fromarray(picture(reconstruction, shown, colours)[..., :3])
        with written_aside(path, what) as aside, aside.open("wb") as file:
            image.save(file, format="PNG", optimize=False)
    elif suffix in (".tif", ".tiff"):
        _save_tiff(reconstruction, path, shown, what)
    else:
        raise BadParameter(f"a picture cannot be saved as {path.name}", cause="its name ends in .png, .tif or .tiff")
    return path


def _save_tiff(reconstruction: Reconstruction, path: Path, shown: str, what: str) -> None:
    import tifffile

    values: npt.NDArray[Any]
    kind: dict[str, Any] = {"photometric": "minisblack"}
    if shown == "complex":
        values, kind = picture(reconstruction, shown)[..., :3], {"photometric": "rgb"}
    elif shown == "modulus":
        values = np.abs(reconstruction.object).astype(np.float32)
    else:
        phase = np.angle(reconstruction.object).astype(np.float32)
        values = np.where(reconstruction.support, phase, np.float32(np.nan))
    pixel_nm = reconstruction.pattern.pixel_nm
    if pixel_nm is not None and (shown != "complex" or reconstruction.object.ndim == 2):
        # Pixels per centimetre, horizontally and vertically.
        kind |= {"resolution": (1e7 / pixel_nm[-1], 1e7 / pixel_nm[-2]), "resolutionunit": "CENTIMETER"}
    with written_aside(path, what) as aside, aside.open("w+b") as file:
        tifffile.imwrite(file, values, **kind)


def _sections(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sections across each axis of a volume through its middle, side by side, with zeros below the shorter ones."""
    parts = [np.take(values, n // 2, axis=axis) for axis, n in enumerate(values.shape)]
    height = max(part.shape[0] for part in parts)
    padded = [np.pad(part, ((0, height - part.shape[0]), (0, 0))) for part in parts]
    return np.concatenate(padded, axis=1)


def _known(shown: str) -> None:
    if shown not in SHOWN:
        raise BadParameter(f"{shown!r} cannot be shown", cause=f"it must be one of {', '.join(SHOWN)}")
