"""Masks written so that other programs read them, with a note of where they come from.

NPY has no place for the note: a JSON file of the same name lies beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.files.disk import replace_array, replace_text, written_aside
from models.files.h5 import new_h5
from models.masking.files import NOTE_SUFFIX, Meaning
from models.runs.types import FlagImage, PixelFlag

FORMS = {
    "npy": "NumPy, True = use",
    "npy_bits": "NumPy, CXI bits (0 = use)",
    "cxi": "CXI file",
    "tiff": "TIFF, 1 = use",
    "crystfel": "HDF5 for CrystFEL, 1 = use",
}
"""What a mask can be written as, and what users read of it."""
ENDINGS = {"npy": ".npy", "npy_bits": ".npy", "cxi": ".cxi", "tiff": ".tif", "crystfel": ".h5"}

CRYSTFEL_DATASET = "/data/data"
CXI_DATASET = "/entry_1/instrument_1/detector_1/mask"
_BITS = (
    (PixelFlag.MASKED, 0x1),
    (PixelFlag.MISSING, 0x200),
    (PixelFlag.SENTINEL, 0x200),
    (PixelFlag.SATURATED, 0x2),
    (PixelFlag.NONFINITE, 0x80),
    (PixelFlag.USER, 0x40),
)


def cxi_bits(flags: FlagImage) -> npt.NDArray[np.uint32]:
    """(H, W) uint32 bits of the CXI specification; what the user masked is “to be ignored”, not-a-number “bad”."""
    bits = np.zeros(flags.shape, np.uint32)
    for flag, bit in _BITS:
        bits[(flags & flag) != 0] |= np.uint32(bit)
    return bits


def export_mask(flags: FlagImage, path: Path, form: str, provenance: Mapping[str, Any]) -> None:
    """Write a mask.

    Args:
        flags: (H, W) uint8 `PixelFlag` bits; 0 is a pixel to use.
        path: replaced where it is there.
        form: one of `FORMS`.
        provenance: JSON-ready; what the mask was made of (run, treatment, program …).

    Raises:
        BadParameter: an unknown form.
        NotSaved: it cannot be written.
    """
    what = f"The mask was not saved to {path}"
    use = flags == 0
    if form == "npy":
        _with_note(path, use, Meaning.GOOD_IS_ONE, provenance, what)
    elif form == "npy_bits":
        _with_note(path, cxi_bits(flags), Meaning.CXI_BITS, provenance, what)
    elif form == "tiff":
        import tifffile

        with written_aside(path, what) as aside:
            tifffile.imwrite(
                aside, use.astype(np.uint8), description=_note(Meaning.GOOD_IS_ONE, provenance), metadata=None
            )
    elif form in ("cxi", "crystfel"):
        _write_h5(flags, path, form, provenance, what)
    else:
        raise BadParameter(f"a mask cannot be written as {form!r}", cause=f"it must be one of {', '.join(FORMS)}")


def _write_h5(flags: FlagImage, path: Path, form: str, provenance: Mapping[str, Any], what: str) -> None:
    with new_h5(path, what) as file:
        if form == "cxi":
            file["cxi_version"] = 160
            place, values, meaning = CXI_DATASET, cxi_bits(flags), Meaning.CXI_BITS
        else:
            place, values, meaning = CRYSTFEL_DATASET, (flags == 0).astype(np.uint16), Meaning.GOOD_IS_ONE
        made = file.create_dataset(place, data=values, chunks=values.shape, compression="gzip", shuffle=True)
        made.attrs["meaning"] = meaning.name
        made.attrs["meaning_in_words"] = meaning.value
        made.attrs["provenance"] = json.dumps(dict(provenance))
        if form == "crystfel":
            made.attrs["geometry_lines"] = (
                f"mask0_file = {path.name}\nmask0_data = {CRYSTFEL_DATASET}\nmask0_goodbits = 0x1"
            )


def _with_note(path: Path, values: npt.NDArray[Any], meaning: Meaning, told: Mapping[str, Any], what: str) -> None:
    replace_array(path, values, what)
    replace_text(path.with_name(path.name + NOTE_SUFFIX), _note(meaning, told) + "\n", what)


def _note(meaning: Meaning, provenance: Mapping[str, Any]) -> str:
    # ASCII only: the description of a TIFF file can hold nothing else
    return json.dumps({"meaning": meaning.name, **provenance})
