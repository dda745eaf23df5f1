"""Reading a reconstruction back; what is damaged or made up is refused with a sentence."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen
from models.files.h5 import stored_h5
from models.patterns import Pattern, Step
from models.phasing.export import layout
from models.phasing.types import BoolArray, ComplexArray, History, Prtf, Reconstruction, Start, Trust
from models.runs.memory import memory_bytes

if TYPE_CHECKING:
    import h5py

_HINT = "Choose a reconstruction that was saved by Friedel"
_MOST_OF_MEMORY = 0.5
_BYTES_A_PIXEL = 13
"""Of a start: object and support, and the mask while it is read."""
_MOST_TEXT = 1 << 24


def read_reconstruction(path: str | Path) -> Reconstruction:
    """A reconstruction from the file `save_cxi` wrote.

    Raises:
        CannotOpen: the file is none, is damaged, links to other files, or is larger than memory allows.
    """
    with _opened(Path(path)) as file:
        return _reconstruction(file)


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """What a list of reconstructions says of one, without its arrays.

    Attributes:
        title, created: what it is called; ISO 8601, UTC. trust: its figures.
        settings: JSON-ready. belongs_to: the run and frame, as they were given to `save_cxi`.
    """

    title: str
    created: str
    trust: Trust
    settings: Mapping[str, Any]
    belongs_to: Mapping[str, Any]


def read_summary(path: Path) -> Summary:
    """What a reconstruction is and how good, without reading its arrays. Raises CannotOpen."""
    with _opened(path) as file:
        entry, process = _group(file, layout.ENTRY), _group(file, layout.PROCESS)
        return Summary(
            title=_text(entry, "title"),
            created=_text(entry, "end_time"),
            trust=_trust(_group(file, f"{layout.RESULT}/trust")),
            settings=_json(process, "settings"),
            belongs_to=_json(process, "belongs_to") if "belongs_to" in process else {},
        )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    if not path.exists():
        raise CannotOpen(f"{path} is not there", hint=_HINT)
    with stored_h5(path, "The reconstruction", hint=_HINT) as file:
        version = file.attrs.get(layout.MARK)
        if version is None:
            raise ValueError("it is another kind of HDF5 file")
        if int(version) > layout.VERSION:
            raise ValueError("it was made by a later version of Friedel")
        yield file


def _reconstruction(file: h5py.File) -> Reconstruction:
    pattern, held_out = _pattern(_group(file, layout.DETECTOR))
    n_starts = 0
    while layout.IMAGE.format(n_starts + 2) in file:
        n_starts += 1
    # Compressed zeros take no room in a file, and all of it here.
    if (n_starts + 8) * pattern.intensity.size * _BYTES_A_PIXEL > _MOST_OF_MEMORY * memory_bytes():
        raise ValueError(f"its {n_starts} starts are larger than the memory allows")
    values, support = _image(_group(file, layout.IMAGE.format(1)), pattern.shape)
    starts = [_start(_group(file, layout.IMAGE.format(k + 2)), pattern.shape) for k in range(n_starts)]
    kept = int(_number(_group(file, layout.IMAGE.format(1)), "averaged_starts"))
    if not 1 <= kept <= len(starts):
        raise ValueError(f"it says that {kept} of its {len(starts)} starts are averaged")
    result, process = _group(file, layout.RESULT), _group(file, layout.PROCESS)
    weights = _array(result, "mode_weights", "f", ndim=1).astype(np.float32)
    first_support = None
    if "first_support" in process:
        first_support = _array(process, "first_support", "u", shape=pattern.shape) != 0
    modes = _array(result, "modes", "c", shape=(len(weights), *pattern.shape)).astype(np.complex64)
    return Reconstruction(
        pattern=pattern,
        object=values,
        support=support,
        held_out=held_out,
        starts=tuple(starts),
        kept=kept,
        agreement=_array(result, "agreement", "f", shape=pattern.shape).astype(np.float32),
        modes=modes,
        mode_weights=weights,
        prtf=_prtf(_group(result, "prtf")),
        trust=_trust(_group(result, "trust")),
        settings=_json(process, "settings"),
        changes=_changes(_json(process, "changes")),
        first_support=first_support,
        versions={str(name): str(value) for name, value in _json(process, "library_versions").items()},
        seconds=_number(process, "cpu_seconds"),
    )


def _pattern(detector: h5py.Group) -> tuple[Pattern, BoolArray]:
    intensity = _array(detector, "data", "f")
    if intensity.ndim not in (2, 3) or not intensity.size:
        raise ValueError(f"its pattern has the shape {intensity.shape}")
    if not np.isfinite(intensity).all() or float(intensity.min()) < 0:
        raise ValueError("its pattern has values that are negative or not finite")
    measured = _array(detector, "mask", "u", shape=intensity.shape) == 0
    held_out = _array(detector, "held_out", "u", shape=intensity.shape) != 0
    pixel_nm = None
    if "object_pixel_size" in detector:
        sizes = _array(detector, "object_pixel_size", "f", shape=(intensity.ndim,)) / layout.NM
        if not (np.isfinite(sizes).all() and (sizes > 0).all()):
            raise ValueError("the size of its pixels is no length")
        pixel_nm = tuple(float(size) for size in sizes)
    unit = detector["data"].attrs.get("units", "arbitrary")
    pattern = Pattern(
        intensity=intensity.astype(np.float32),
        measured=measured,
        unit=unit if unit == "photons" else "arbitrary",
        pixel_nm=pixel_nm,
        steps=_steps(_json(detector, "preparation")),
        source=_text(detector, "description"),
    )
    return pattern, held_out


def _image(group: h5py.Group, shape: tuple[int, ...]) -> tuple[ComplexArray, BoolArray]:
    values = _array(group, "data", "c", shape=shape).astype(np.complex64)
    if not np.isfinite(values).all():
        raise ValueError(f"{group.name} has values that are not finite")
    support = _array(group, "mask", "u", shape=shape) & layout.INSIDE_SUPPORT != 0
    return values, support


def _start(group: h5py.Group, shape: tuple[int, ...]) -> Start:
    values, support = _image(group, shape)
    process = _group(group, "process_1")
    numbers = {name: _number(process, name) for name in layout.START_NUMBERS}
    curves = _group(process, "history")
    iteration = _array(curves, "iteration", "iu", ndim=1)
    curve = {name: _array(curves, name, "iuf", shape=iteration.shape) for name in layout.HISTORY}
    return Start(
        seed=int(numbers["seed"]),
        object=values,
        support=support,
        history=History(
            iteration=curve["iteration"].astype(np.int32),
            r_factor=curve["r_factor"].astype(np.float32),
            free_log_likelihood=curve["free_log_likelihood"].astype(np.float32),
            support_pixels=curve["support_pixels"].astype(np.int32),
        ),
        r_factor=numbers["r_factor"],
        free_log_likelihood=numbers["free_log_likelihood"],
        iterations=int(numbers["iterations"]),
        seconds=numbers["seconds"],
        **{name: _text(process, name) for name in layout.START_WORDS if name in process},
    )


def _prtf(group: h5py.Group) -> Prtf:
    radius = _array(group, "radius_px", "f", ndim=1).astype(np.float32)
    q = None
    if "q" in group:
        q = (_array(group, "q", "f", shape=radius.shape) * layout.NM).astype(np.float32)
    return Prtf(
        radius_px=radius,
        values=_array(group, "values", "f", shape=radius.shape).astype(np.float32),
        pixels=_array(group, "pixels", "iu", shape=radius.shape).astype(np.int32),
        q_nm=q,
        independent="independent" not in group or bool(_number(group, "independent")),
    )


def _trust(group: h5py.Group) -> Trust:
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Trust):
        if field.name == "warnings":
            values["warnings"] = tuple(_texts(group, "warnings"))
        else:
            number = _number(group, field.name)
            values[field.name] = int(number) if field.name in ("kept", "starts") else number
    return Trust(**values)


def _steps(values: dict[str, Any]) -> tuple[Step, ...]:
    steps = []
    for each in values.get("steps", ()):
        more = each["values"]
        if not isinstance(more, dict):
            raise ValueError("a step of its preparation has no values")
        steps.append(Step(str(each["name"]), str(each["words"]), more))
    return tuple(steps)


def _changes(values: dict[str, Any]) -> tuple[tuple[int, dict[str, Any]], ...]:
    return tuple((int(at), dict(new)) for at, new in values.get("changes", ()))


# What may be read: datasets and groups of this file itself, of the kind and shape that belong there.


def _group(parent: h5py.Group, name: str) -> h5py.Group:
    import h5py

    found = parent
    for part in name.split("/"):
        link = found.get(part, getlink=True)
        if not isinstance(link, h5py.HardLink) or not isinstance(found[part], h5py.Group):
            raise ValueError(f"{parent.name.rstrip('/')}/{name} is missing or is not in this file")
        found = found[part]
    return found


def _dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    import h5py

    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink) or not isinstance(group[name], h5py.Dataset):
        raise ValueError(f"{group.name}/{name} is missing or is not in this file")
    found = group[name]
    if found.is_virtual or found.external:
        raise ValueError(f"{group.name}/{name} is in another file")
    if found.shape is None or found.size * found.dtype.itemsize > _MOST_OF_MEMORY * memory_bytes():
        raise ValueError(f"{group.name}/{name} is empty or larger than the memory allows")
    return found


def _array(
    group: h5py.Group, name: str, kinds: str, *, shape: tuple[int, ...] | None = None, ndim: int | None = None
) -> npt.NDArray[Any]:
    found = _dataset(group, name)
    if found.dtype.kind not in kinds:
        raise ValueError(f"{group.name}/{name} holds {found.dtype}")
    if (shape is not None and found.shape != shape) or (ndim is not None and found.ndim != ndim):
        raise ValueError(f"{group.name}/{name} has the shape {found.shape}, which does not fit")
    values: npt.NDArray[Any] = found[()]
    return values


def _number(group: h5py.Group, name: str) -> float:
    value = float(_array(group, name, "iuf", shape=()))
    if math.isinf(value):
        raise ValueError(f"{group.name}/{name} is infinite")
    # The one NaN of the module: equal by identity, so that records that say the same compare as equal.
    return math.nan if math.isnan(value) else value


def _text(group: h5py.Group, name: str) -> str:
    found = _dataset(group, name)
    if found.shape != () or found.id.get_storage_size() > _MOST_TEXT:
        raise ValueError(f"{group.name}/{name} is no text")
    return str(found.asstr()[()])


def _texts(group: h5py.Group, name: str) -> list[str]:
    found = _dataset(group, name)
    if found.ndim != 1 or found.size > _MOST_TEXT:
        raise ValueError(f"{group.name}/{name} is no list of texts")
    return [str(value) for value in found.asstr()[()]]


def _json(group: h5py.Group, name: str) -> dict[str, Any]:
    import json

    values = json.loads(_text(group, name))
    if not isinstance(values, dict):
        raise ValueError(f"{group.name}/{name} cannot be understood")
    return values
