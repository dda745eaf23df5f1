"""What is done to the structure of HDF5 files, by HDF5 itself: every mutant is a file that HDF5 takes for sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

Change = Callable[[np.random.Generator, h5py.File], str]

_NAMES = (
    "data",
    "mask",
    "frames",
    "entry_1",
    "event_id",
    "é中",
    "a" * 300,
    " ",
    "..x",
    "data_000001",
    "trainId",
    "%b",
)
_SHAPES: tuple[tuple[int, ...], ...] = (
    (),
    (0,),
    (7,),
    (1, 1),
    (0, 20, 24),
    (4, 0, 24),
    (20, 24),
    (4, 20, 24, 1),
    (2, 4, 20, 24),
    (4, 20, 24, 3),
    (2, 2, 2, 2, 20, 24),
    (1,) * 30 + (20, 24),
    (4, 21, 25),
    (1 << 40, 20, 24),
    (4, 1 << 31, 1 << 31),
    (4, 1 << 20, 1 << 20),
    (4, 40_000, 40_000),
    (1 << 31, 1 << 31),
    (3, 1, 1),
    (4, 1, 1 << 34),
    (100_000, 16, 32, 32),
)
_ATTRIBUTES = ("axes", "units", "signal", "default", "NX_class", "numEvents", "encoding", "interpretation", "extra")
_LARGEST_CHUNK = 1 << 22
_FILTERS = {4, 5, 6}
"""Those that spoil the memory of whoever uses them with junk for parameters."""
_LARGEST_WORK = 1 << 28
"""Pixels of chunks times pixels of data: larger files are slow to make, and honestly slow to read."""


def mutate_structure(rng: np.random.Generator, path: str) -> str:
    """Change an HDF5 file in place; what was done."""
    done = []
    with h5py.File(path, "r+", locking=False) as file:
        for _ in range(int(rng.integers(1, 4))):
            change = _CHANGES[int(rng.integers(len(_CHANGES)))]
            try:
                done.append(change(rng, file))
            except (OSError, ValueError, RuntimeError, TypeError, KeyError, MemoryError) as error:
                done.append(f"{change.__name__} not possible ({str(error)[:40]})")
    return ", ".join(done)


def _pick(rng: np.random.Generator, among: Any) -> Any:
    return among[int(rng.integers(len(among)))]


def _links(file: h5py.File) -> list[str]:
    """Paths of all links, each group once."""
    found: list[str] = []
    queue, seen = [""], set()
    while queue and len(found) < 200:
        path = queue.pop()
        for name in list(file[path or "/"])[:50]:
            full = f"{path}/{name}"
            found.append(full)
            link = file.get(full, getlink=True)
            if isinstance(link, h5py.HardLink) and isinstance(file.get(full), h5py.Group):
                address = h5py.h5o.get_info(file[full].id).addr
                if address not in seen:
                    seen.add(address)
                    queue.append(full)
    return found or ["/nothing"]


def _datasets(file: h5py.File) -> list[str]:
    found = [path for path in _links(file) if isinstance(file.get(path), h5py.Dataset)]
    frames = [path for path in found if len(file[path].shape or ()) > 1]
    return found + 3 * frames or ["/nothing"]


def _groups(file: h5py.File) -> list[str]:
    return ["/"] + [path for path in _links(file) if isinstance(file.get(path), h5py.Group)]


def _rename(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _links(file))
    new = f"{path.rsplit('/', 1)[0]}/{_pick(rng, _NAMES)}"
    file.move(path, new)
    return f"{path} moved to {new}"


def _delete(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _links(file))
    del file[path]
    return f"{path} deleted"


def _retarget(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _links(file))
    target = _pick(
        rng, [path, "/", ".", "", "..", "/no/where", path.rsplit("/", 1)[0] or "/", _pick(rng, _links(file))]
    )
    del file[path]
    file[path] = h5py.SoftLink(target)
    return f"{path} -> {target}"


def _ring(rng: np.random.Generator, file: h5py.File) -> str:
    group, above = _pick(rng, _groups(file)), _pick(rng, _groups(file))
    for number in range(3):
        file[group][f"up{number}"] = file[above]
        file[group][f"soft{number}"] = h5py.SoftLink(above)
    return f"{above} inside {group}"


def _external_link(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _links(file))
    own = file.filename.rsplit("/", 1)[-1]
    name = _pick(
        rng, [own, "gone.h5", "../outside.h5", "/etc/passwd", "notes.txt", "x\n.h5", own, "é.h5", ".", "/dev/zero"]
    )
    target = _pick(rng, ["/", path, "/no/where", "/data", ""])
    del file[path]
    file[path] = h5py.ExternalLink(name, target)
    return f"{path} -> {name}:{target}"


def _small(dataset: h5py.Dataset) -> Any:
    """All of a dataset. Raises ValueError where an earlier change made it huge, or dangerous to read."""
    if dataset.size is None or dataset.size > 100_000 or dataset.is_virtual or _FILTERS & filters_of(dataset):
        raise ValueError("not to be read")
    return dataset[()]


def filters_of(dataset: h5py.Dataset) -> set[int]:
    """Numbers of its filters."""
    created = dataset.id.get_create_plist()
    return {created.get_filter(place)[0] for place in range(created.get_nfilters())}


def _types() -> list[Any]:
    return [
        "f2",
        "f8",
        ">f4",
        ">i4",
        "u1",
        "u8",
        "i8",
        "?",
        "c8",
        "c16",
        "S5",
        "V8",
        "g",
        h5py.string_dtype(),
        h5py.string_dtype("ascii", 3),
        h5py.vlen_dtype(np.int32),
        h5py.vlen_dtype(np.dtype("f4")),
        h5py.enum_dtype({"a": 0, "b": 1}, "i4"),
        h5py.ref_dtype,
        h5py.regionref_dtype,
        np.dtype([("r", "f4"), ("i", "f4")]),
        np.dtype([("a", "S3"), ("b", "f4", (2, 2))]),
        np.dtype(("f4", (3,))),
        h5py.opaque_dtype(np.dtype("M8[s]")),
    ]


def _replace(
    file: h5py.File,
    path: str,
    shape: tuple[int, ...],
    dtype: Any,
    chunks: tuple[int, ...] | bool | None = None,
    **how: Any,
) -> None:
    attributes = dict(file[path].attrs)
    del file[path]
    fresh = file.create_dataset(path, shape, dtype, chunks=chunks or None, **how)
    for name, value in attributes.items():
        fresh.attrs[name] = value


def _retype(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _datasets(file))
    dtype = _pick(rng, _types())
    _replace(file, path, file[path].shape or (), dtype)
    return f"{path} as {dtype}"


def _bare_type(rng: np.random.Generator, file: h5py.File) -> str:
    """A type that numpy has no word for."""
    path = _pick(rng, _datasets(file))
    shape = file[path].shape or (4,)
    kinds = [
        h5py.h5t.STD_B32LE,
        h5py.h5t.STD_B8BE,
        h5py.h5t.UNIX_D32LE,
        h5py.h5t.NATIVE_LDOUBLE,
        h5py.h5t.IEEE_F32BE.copy(),
    ]
    kind = _pick(rng, kinds)
    if kind is kinds[-1]:
        kind.set_precision(20)
        kind.set_fields(19, 11, 8, 0, 11)
    del file[path]
    h5py.h5d.create(file.id, path.encode(), kind, h5py.h5s.create_simple(shape))
    return f"{path} as HDF5 type of class {kind.get_class()}"


def _reshape(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _datasets(file))
    shape = _pick(rng, _SHAPES)
    chunks = None
    if shape and rng.random() < 0.6:
        chunks = tuple(min(size, int(rng.choice([1, 16, 64, 1000]))) or 1 for size in shape)
        if np.prod(np.array(chunks, float)) > _LARGEST_CHUNK:
            chunks = (1,) * len(shape)
    maxshape = (None, *shape[1:]) if chunks and rng.random() < 0.5 else None
    _replace(file, path, shape, file[path].dtype, chunks, maxshape=maxshape)
    return f"{path} of shape {shape} in chunks {chunks}"


def _no_space(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _datasets(file))
    del file[path]
    file[path] = h5py.Empty("f4")
    return f"{path} without a space"


def _chunks(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _datasets(file))
    values = _small(file[path])
    if not values.shape:
        return f"{path} has no dimensions"
    chunks = tuple(int(rng.integers(1, size + 1)) for size in values.shape)
    how = _pick(rng, [{}, {"compression": "lzf"}, {"compression": 9}, {"fletcher32": True}, {"scaleoffset": 0}])
    if rng.random() < 0.3:
        chunks = tuple(int(rng.choice([1, 16, 512])) for _ in values.shape)
        if np.prod(np.array(chunks, float)) * values.size > _LARGEST_WORK:
            chunks = (1,) * values.ndim
        how = {**how, "maxshape": (None,) * values.ndim}
    del file[path]
    file.create_dataset(path, data=values, chunks=chunks, **how)
    return f"{path} in chunks {chunks} {how}"


def _filter(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _datasets(file))
    shape = file[path].shape or (4,)
    number = int(_pick(rng, [31999, 32008, 32015, 32001, 32013, 4, 5, 6, 307, 65000]))
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_chunk(shape)
    created.set_filter(
        number, h5py.h5z.FLAG_OPTIONAL, tuple(int(x) for x in rng.integers(0, 9, int(rng.integers(0, 5))))
    )
    del file[path]
    fresh = h5py.h5d.create(file.id, path.encode(), h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple(shape), created)
    fresh.write_direct_chunk((0,) * len(shape), rng.bytes(200))
    return f"{path} with filter {number} over junk"


def _attribute(rng: np.random.Generator, file: h5py.File) -> str:
    item = file[_pick(rng, [*_links(file), *_groups(file)])]
    name = _pick(rng, _ATTRIBUTES)
    values: list[Any] = [
        3,
        -1,
        np.nan,
        1e300,
        2**63 - 1,
        "",
        "data",
        "entry",
        "y:x",
        "a:b:c:d:e:f",
        "module_identifier:y:x",
        "x:x",
        "y:y:y",
        b"\xff\xfe",
        ["y", "x"],
        [".", ".", "."],
        np.zeros((3, 3)),
        np.array([], np.float32),
        h5py.Empty("f4"),
        h5py.Empty("S1"),
        "é" * 20_000,
        file.ref,
        np.array(["a", "b"], object),
        np.zeros(2, [("a", "f4"), ("b", "S2")]),
        True,
        "NXdata",
        "photon",
        "Å",
        "mm",
    ]
    value = _pick(rng, values)
    item.attrs[name] = value
    return f"{item.name}@{name} = {str(value)[:30]!r}"


def _virtual(rng: np.random.Generator, file: h5py.File) -> str:
    """A virtual dataset: by numbered files without end, of itself, of missing or misshapen sources, of many."""
    path = _pick(rng, _datasets(file))
    kind = int(rng.integers(6))
    other = _pick(rng, _datasets(file))
    shape = (4, 20, 24)
    if kind == 0:
        created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        endless = h5py.h5s.create_simple(shape, (h5py.h5s.UNLIMITED, 20, 24))
        endless.select_hyperslab((0, 0, 0), (h5py.h5s.UNLIMITED, 1, 1), (1, 1, 1), (1, 20, 24))
        source = h5py.h5s.create_simple((1, 20, 24))
        created.set_virtual(
            endless, _pick(rng, [b"f-%b.h5", b"run.h5", b"%b%b", b"."]), _pick(rng, [b"data", b"/%b"]), source
        )
        if path in file:
            del file[path]
        space = h5py.h5s.create_simple(shape, (h5py.h5s.UNLIMITED, 20, 24))
        h5py.h5d.create(file.id, path.encode(), h5py.h5t.NATIVE_INT32, space, created)
        return f"{path} of files without end"
    layout = h5py.VirtualLayout(shape if kind != 4 else (2000, 20, 24), "u2", maxshape=(None, 20, 24))
    if kind == 1:
        layout[:] = h5py.VirtualSource(".", path, shape)
    elif kind == 2:
        layout[:] = h5py.VirtualSource(".", other, shape)
    elif kind == 3:
        layout[:2] = h5py.VirtualSource("gone.h5", "data", (2, 20, 24))
        layout[2:, :5] = h5py.VirtualSource("/etc/passwd", "data", (2, 5, 24))
    elif kind == 4:
        for number in range(500):
            layout[number] = h5py.VirtualSource(f"f{number}.h5", "data", (20, 24))
    else:
        layout[0] = h5py.VirtualSource(".", other, (1 << 30, 480))[7, :480]
    if path in file:
        del file[path]
    file.create_virtual_dataset(path, layout, fillvalue=0)
    return f"{path} virtual ({kind}, of {other})"


def _foreign_bytes(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _datasets(file))
    name = _pick(rng, ["gone.bin", "../outside.bin", "/etc/passwd", "/dev/zero", file.filename])
    del file[path]
    file.create_dataset(path, (4, 20, 24), "u2", external=[(name, int(rng.integers(0, 100)), 3840)])
    return f"{path} with the bytes of {name}"


def _numbers(rng: np.random.Generator, file: h5py.File) -> str:
    """A dataset keeps its shape and gets numbers that nobody expects."""
    path = _pick(rng, _datasets(file))
    dataset = file[path]
    _small(dataset)
    if dataset.dtype.kind == "f":
        dataset[...] = _pick(rng, [np.nan, np.inf, -np.inf, -1, 0, 1e-300, 3e38])
    elif dataset.dtype.kind in "iu":
        limits = np.iinfo(dataset.dtype)
        dataset[...] = _pick(rng, [limits.max, limits.min, 0, 1])
    else:
        return f"{path} holds no numbers"
    return f"{path} of one odd number"


def _crowd(rng: np.random.Generator, file: h5py.File) -> str:
    group = file[_pick(rng, _groups(file))]
    count = int(_pick(rng, [50, 400]))
    for number in range(count):
        group.require_group(f"tag_{number}")
    return f"{count} groups in {group.name}"


def _deep(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _datasets(file))
    file["/".join(["deep"] * 60) + "/data"] = file[path]
    return f"{path} 60 groups deep"


def _type_as_data(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _links(file))
    del file[path]
    file[path] = np.dtype(_pick(rng, ["f4", "S3"]))
    return f"{path} is a named type"


def _wrong_kind(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _links(file))
    group = isinstance(file.get(path), h5py.Group)
    del file[path]
    if group:
        file[path] = np.zeros((20, 24))
    else:
        file.create_group(path)
    return f"{path}: group and dataset exchanged"


def _resize(rng: np.random.Generator, file: h5py.File) -> str:
    path = _pick(rng, _datasets(file))
    values = _small(file[path])
    if not values.shape:
        return f"{path} has no dimensions"
    del file[path]
    fresh = file.create_dataset(path, data=values, maxshape=(None,) * values.ndim, chunks=True)
    fresh.resize(int(_pick(rng, [0, 1, 3, 100_000])), axis=0)
    return f"{path} resized to {fresh.shape}"


_CHANGES: tuple[Change, ...] = (
    _rename,
    _delete,
    _retarget,
    _ring,
    _external_link,
    _retype,
    _retype,
    _bare_type,
    _reshape,
    _reshape,
    _no_space,
    _chunks,
    _filter,
    _attribute,
    _attribute,
    _virtual,
    _virtual,
    _foreign_bytes,
    _numbers,
    _crowd,
    _deep,
    _type_as_data,
    _wrong_kind,
    _resize,
)
