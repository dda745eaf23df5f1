"""Masks that are pixels and no shapes (imported, thresholds, hot pixels): NPY files named by what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.errors import FriedelError
from models.files.disk import replace_array
from models.masking.settings import MaskShape
from models.runs.types import BoolImage

FOLDER = "masks"
"""of a workspace"""


class BadMask(FriedelError):
    """A mask cannot be read or does not fit the frames."""


def digest_of(covered: BoolImage) -> str:
    """16 hex digits of a mask's shape and pixels."""
    told = hashlib.sha256(repr(covered.shape).encode())
    told.update(np.packbits(covered).tobytes())
    return told.hexdigest()[:16]


def keep_pixels(covered: BoolImage, workspace: Path, name: str, use: bool = False) -> MaskShape:
    """Write pixels into a workspace, and give the shape that stands for them.

    Args:
        covered: (H, W), True on the shape's pixels.
        workspace: its folder; the file is `masks/<digest>.npy`, and is not written again where it is there.
        name: what the list of shapes calls it.
        use: the pixels are taken into use again, not masked out.

    Raises:
        NotSaved: it cannot be written.
    """
    digest = digest_of(covered)
    path = workspace / FOLDER / f"{digest}.npy"
    if not path.exists():
        replace_array(path, np.ascontiguousarray(covered, np.bool_), f"The mask “{name}” was not saved to {path}")
    count = int(np.count_nonzero(covered))
    return MaskShape("pixels", use=use, path=str(path), digest=digest, count=count, name=name)


def read_pixels(shape: MaskShape, frame: tuple[int, int], workspaces: Sequence[Path] = ()) -> BoolImage:
    """The pixels that a shape stands for, (H, W) bool.

    Args:
        shape: of kind "pixels".
        frame: (H, W) they must have.
        workspaces: folders to look in where the file is not at its place (runs are moved with their workspaces).

    Raises:
        BadMask: gone, damaged, changed, or of another shape.
    """
    name = shape.name or "imported"
    what = f"The mask “{name}” cannot be read"
    places = [Path(shape.path), *(folder / FOLDER / f"{shape.digest}.npy" for folder in workspaces)]
    path = next((place for place in places if place.is_file()), places[0])
    try:
        covered = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise BadMask(what, cause=f"{path} is gone", hint="Bring it back or delete that step of the mask") from error
    except (OSError, ValueError, EOFError) as error:
        raise BadMask(what, cause=f"{path}: {error}", hint="Delete that step of the mask") from error
    if covered.dtype != np.bool_ or covered.ndim != 2:
        raise BadMask(what, cause=f"{path} holds no mask but {covered.dtype} of shape {covered.shape}")
    if covered.shape != frame:
        raise BadMask(what, cause=f"it has {_size(covered.shape)} and the frames {_size(frame)}", hint=FITS_NOT)
    if shape.digest and digest_of(covered) != shape.digest:
        raise BadMask(
            what, cause=f"{path} was changed since", hint="Delete that step of the mask and import it again"
        )
    mask: BoolImage = covered
    return mask


FITS_NOT = "Go back to the geometry it was made with, or clear the mask and make it again"


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape) + " pixels"
