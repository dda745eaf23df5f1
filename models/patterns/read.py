"""A bare pattern file becomes a `Pattern`: NPY, NPZ, TIFF, CXI and other HDF5, and Hawk's own HDF5, also gzipped.

A pattern file holds one image or one volume; of a run with many frames the user chooses one, and
`models.patterns.prepare.prepare_pattern` prepares it. Never unpickles.
"""

from __future__ import annotations

import gzip
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import BadPattern, FriedelError
from models.patterns.hawk import open_if_hawk
from models.patterns.phased import object_pixel_nm, recorded_in
from models.patterns.prepare import prepare
from models.patterns.raw import BoolArray, Raw, by, count
from models.patterns.types import Pattern, Step
from models.runs import open_run
from models.runs.memory import memory_bytes
from models.runs.recognise import recognise

if TYPE_CHECKING:
    from models.patterns.settings import PatternSettings
    from models.runs.types import Run

_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 22
_MOST_OF_MEMORY = 0.25
_VOLUME_KINDS = ("npy", "npz", "tiff", "folder")


def read_pattern(
    path: str | Path,
    mask_path: str | Path | None = None,
    dataset: str | None = None,
    settings: PatternSettings | None = None,
    *,
    background: npt.ArrayLike | None = None,
) -> Pattern:
    """The pattern stored in a file: as it is there, with the beam in the middle unless the file says otherwise.

    Of a reconstruction in CXI that is the pattern it was made from, with its mask.

    Args:
        path: the file; 2-D is an image, 3-D a volume.
        mask_path: True (not 0) = measured; taken together with the file's own mask.
        dataset: which dataset of the file; None to find it.
        settings: further preparation; None for the defaults, which crop only where the beam is off the middle.
        background: of the pattern's shape, for `settings.background_from` "given".

    Raises:
        CannotOpen, AmbiguousRun: as `models.runs.open_run`.
        BadPattern: it is a run of many frames, or the mask does not fit.
        BadParameter: a setting does not fit the pattern.
    """
    raw = read_raw(path, dataset)
    mask = None if mask_path is None else read_mask(mask_path, raw.values.shape)
    if mask is not None:
        raw = replace(raw, steps=(*raw.steps, Step("given mask", f"mask read from {Path(str(mask_path)).name}")))
    return prepare(raw, settings, mask=mask, background=background)


def read_raw(path: str | Path, dataset: str | None = None) -> Raw:
    """Values and file mask of a pattern file, before any preparation; errors as in `read_pattern`."""
    path = Path(path).expanduser()
    if path.is_file() and _starts_with(path, _GZIP):
        with tempfile.TemporaryDirectory(prefix="friedel-") as folder:
            unpacked = _unpack(path, Path(folder))
            try:
                raw = read_raw(unpacked, dataset)
            except FriedelError as error:
                what = error.what.replace(str(unpacked), str(path))
                raise BadPattern(what, cause=error.cause, hint=error.hint) from error
        return replace(raw, source=path.name, values=np.array(raw.values))
    kind = recognise(path, dataset)
    recorded = None
    if kind == "hdf5":
        hawk = open_if_hawk(path)
        if hawk is not None:
            return _joined(hawk)
        recorded = recorded_in(path) if dataset is None else None
    run = open_run(path, recorded or dataset)
    try:
        raw = _of_run(run, volume=kind in _VOLUME_KINDS or run.events is None)
    finally:
        run.close()
    if recorded is not None:
        step = Step("file", f"a reconstruction: {recorded}, the pattern it was made from, not its object")
        raw = replace(raw, steps=(step, *raw.steps), object_pixel_nm=object_pixel_nm(path, raw.values.ndim))
    return _joined(raw)


def read_mask(path: str | Path, shape: tuple[int, ...], what: str = "mask") -> BoolArray:
    """A mask file of a pattern of `shape`: NPY, TIFF, HDF5 of two values, the larger (True, 1, 255) = measured.

    A support is such a file, too: True = inside; `what` names it in errors.

    Raises:
        CannotOpen: the file cannot be read.
        BadPattern: another shape, or more than two values.
    """
    path = Path(path).expanduser()
    values = read_array(path)
    if values.shape != shape:
        raise BadPattern(
            f"the {what} {path.name} has shape {by(values.shape)} and the pattern {by(shape)}",
            hint=f"give a {what} of the pattern's shape, True (1) where {'measured' if what == 'mask' else 'inside'}",
        )
    found = np.unique(values[np.isfinite(values)] if values.dtype.kind == "f" else values)
    if found.size > 2 or (found.size == 2 and found[0] != 0) or (values.dtype.kind == "f" and np.isnan(values).any()):
        raise BadPattern(
            f"{path.name} cannot be used as a {what}",
            cause=f"a {what} has two values, 0 and 1",
            hint="save it as bool",
        )
    mask: BoolArray = values != 0
    return mask


def read_array(path: str | Path) -> npt.NDArray[Any]:
    """The numbers of a mask, background or support file: NPY, TIFF, HDF5 (its dataset "mask" where it has one).

    Raises:
        CannotOpen: it cannot be read.
    """
    path = Path(path).expanduser()
    kind = recognise(path)
    if kind == "npy":
        from models.runs.npy import read_header

        with path.open("rb") as file:
            read_header(file, f"{path} cannot be opened")  # refuses arrays of Python objects with a sentence
        stored: npt.NDArray[Any] = np.load(path, allow_pickle=False)
        return stored
    if kind == "hdf5":
        hawk = open_if_hawk(path)
        if hawk is not None:
            return hawk.valid
        named = _h5_mask(path)
        if named is not None:
            return named
    run = open_run(path)
    try:
        frames = [run.load(index).raw for index in range(len(run))]
    finally:
        run.close()
    return frames[0] if len(frames) == 1 else np.stack(frames)


def _h5_mask(path: Path) -> npt.NDArray[Any] | None:
    """The dataset "mask" of an HDF5 file's root, which is too plain for `open_run` to be sure of."""
    from models.runs.hdf5.file import open_hdf5

    file, _ = open_hdf5(path)
    with file:
        found = file.get("mask")
        return None if found is None or not hasattr(found, "shape") else np.squeeze(np.asarray(found[()]))


def _of_run(run: Run, *, volume: bool) -> Raw:
    """The only frame of a run, or all of them as a volume."""
    if len(run) > 1 and not volume:
        raise BadPattern(
            f"{run.name} holds {len(run)} frames, not one pattern", hint="choose the frame to phase (--frame I)"
        )
    need = 6 * len(run) * run.shape[0] * run.shape[1]
    if need > _MOST_OF_MEMORY * memory_bytes():
        raise BadPattern(
            f"{run.name} is too large for one pattern",
            cause=f"it has {by((len(run), *run.shape))} pixels",
            hint="choose one frame (--frame I), or cut the volume",
        )
    frames = [run.load(index) for index in range(len(run))]
    steps = tuple(Step("file", words) for words in run.warnings)
    if len(frames) == 1:
        values, valid, source = frames[0].raw, frames[0].valid, run.name
    else:
        values, valid = np.stack([frame.raw for frame in frames]), np.stack([frame.valid for frame in frames])
        source = run.name
        steps = (*steps, Step("volume", f"{by(values.shape)} values taken as one volume, not as {len(run)} frames"))
    return Raw(values, valid, run.geometry, run.unit, source, steps, is_pattern=True)


def _joined(raw: Raw) -> Raw:
    """NaN and negative pixels, with which bare files mark what was not measured, joined to the mask; counts named."""
    with np.errstate(invalid="ignore"):
        odd = ~np.isfinite(raw.values) if raw.values.dtype.kind == "f" else np.zeros(raw.values.shape, bool)
        negative = raw.values < 0
    steps = raw.steps
    parts = [f"{count(int(bad.sum()))} {name}" for bad, name in ((odd, "not a number"), (negative, "below 0"))
             if bad.any()]  # fmt: skip
    if parts:
        steps = (*steps, Step("mask", f"{' and '.join(parts)}: taken as not measured"))
    valid = raw.valid & ~odd & ~negative
    unit = raw.unit
    if not unit and _counts(raw.values[valid]):
        unit = "photons"
        words = "whole numbers, of which 1 is the most frequent after 0: taken as photons"
        steps = (*steps, Step("photons", words))
    return replace(raw, valid=valid, unit=unit, steps=steps)


def _counts(values: npt.NDArray[Any]) -> bool:
    """Whether values are like counted photons: whole, and 1 more frequent than any larger number."""
    if values.dtype.kind not in "iuf" or not values.size or (values.dtype.kind == "f" and (values % 1).any()):
        return False
    few = np.bincount(np.minimum(values, 1000).astype(np.int64), minlength=1001)[:1000]
    return bool(few[1] > 0 and few[1] == few[1:].max())


def _starts_with(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(magic)) == magic
    except OSError:
        return False  # `recognise` says what is wrong


def _unpack(path: Path, folder: Path) -> Path:
    """A gzipped file, unpacked into `folder` up to a share of the memory.

    Raises:
        BadPattern: it is damaged or unpacks to too much.
    """
    inner = folder / (path.name.removesuffix(".gz") or "unpacked")
    limit, done = int(_MOST_OF_MEMORY * memory_bytes()), 0
    try:
        with gzip.open(path, "rb") as packed, inner.open("wb") as out:
            while block := packed.read(_BLOCK):
                done += len(block)
                if done > limit:
                    raise BadPattern(
                        f"{path} unpacks to more than {limit / 1e9:.1f} GB", hint="unpack it and choose a part"
                    )
                out.write(block)
    except (OSError, EOFError, zlib.error) as error:
        raise BadPattern(
            f"{path} cannot be unpacked", cause=str(error), hint="copy it again, or unpack it with gunzip"
        ) from error
    return inner
