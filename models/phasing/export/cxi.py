"""Writing a reconstruction as CXI, with everything needed to judge and to repeat it."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import NotSaved
from models.files.h5 import h5_text, new_h5_checked
from models.phasing.export import layout
from models.phasing.types import BoolArray, ComplexArray, Reconstruction, Start
from models.progress import Progress

if TYPE_CHECKING:
    import h5py

_CXI_VERSION = 160
_FILTERS: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def save_cxi(
    reconstruction: Reconstruction,
    path: Path,
    *,
    title: str = "",
    belongs_to: Mapping[str, Any] | None = None,
    overwrite: bool = True,
) -> Generator[Progress, None, Path]:
    """Write a reconstruction; the file appears under its name only when it is whole.

    Args:
        reconstruction: what to write. path: the new file.
        title: what it is called in lists; empty for its source.
        belongs_to: the run and frame it is of, JSON-ready; read back by `read_summary`.
        overwrite: replace a file of that name.

    Yields:
        Progress in starts.

    Raises:
        NotSaved: it cannot be written, or is there already.
    """
    from models.phasing.quality.trust import is_preview
    from models.workspace.provenance import as_json, origin

    what = f"The reconstruction was not saved to {path}"
    if path.exists() and not overwrite:
        raise NotSaved(what, cause="a file of that name is there", hint="Choose another name or allow replacing")
    n = len(reconstruction.starts)
    pixel_nm = reconstruction.pattern.pixel_nm
    with new_h5_checked(path, what) as (file, check):
        file.attrs[layout.MARK] = layout.VERSION
        file["cxi_version"] = _CXI_VERSION
        file["number_of_entries"] = 1
        entry = file.create_group(layout.ENTRY)
        facts = origin(command="phase retrieval")
        _text(entry, "title", title or reconstruction.pattern.source or "reconstruction")
        _text(entry, "program_name", str(facts["program"]))
        _text(entry, "end_time", str(facts["created"]))
        image = _image(file, 1, reconstruction.object, reconstruction.support, pixel_nm)
        image["averaged_starts"] = reconstruction.kept
        check()
        for place, start in enumerate(reconstruction.starts):
            yield Progress(done=place, total=n, unit="starts", message="writing")
            _start(_image(file, place + 2, start.object, start.support, pixel_nm), start)
            check()
        _pattern(file, reconstruction, as_json)
        _result(file, reconstruction, is_preview(reconstruction.trust))
        process = file.create_group(layout.PROCESS)
        for name, value in facts.items():
            process[name] = value
        _text(process, "settings", as_json(reconstruction.settings))
        _text(process, "changes", as_json({"changes": [[at, dict(new)] for at, new in reconstruction.changes]}))
        _text(process, "library_versions", as_json(dict(reconstruction.versions)))
        _text(process, "belongs_to", as_json(belongs_to or {}))
        process["cpu_seconds"] = reconstruction.seconds
        if reconstruction.first_support is not None:
            first = reconstruction.first_support.astype(np.uint8)
            process.create_dataset("first_support", data=first, **_FILTERS)
        _links(file, n)
        check()
    yield Progress(done=n, total=n, unit="starts", message=f"saved to {path.name}")
    return path


def _image(
    file: h5py.File,
    number: int,
    values: ComplexArray,
    support: BoolArray,
    pixel_nm: tuple[float, ...] | None,
) -> h5py.Group:
    group = file.create_group(layout.IMAGE.format(number))
    group.create_dataset("data", data=np.asarray(values, np.complex64), **_FILTERS)
    mask = np.where(support, np.uint32(layout.INSIDE_SUPPORT), np.uint32(0))
    group.create_dataset("mask", data=mask, **_FILTERS)
    _text(group, "data_space", "real")
    _text(group, "data_type", "electron density")
    group["is_fft_shifted"] = 0
    group["dimensionality"] = values.ndim
    if pixel_nm is not None:
        # CXI counts width, height, depth: our last axis first.
        sizes = [n * p * layout.NM for n, p in zip(values.shape, pixel_nm, strict=True)]
        group["image_size"] = np.array([*reversed(sizes), 0.0][:3])
    return group


def _start(group: h5py.Group, start: Start) -> None:
    process = group.create_group("process_1")
    _text(process, "command", f"phase retrieval from seed {start.seed}: {start.schedule}")
    for name in layout.START_NUMBERS:
        process[name] = getattr(start, name)
    for name in layout.START_WORDS:
        _text(process, name, getattr(start, name))
    history = process.create_group("history")
    for name in layout.HISTORY:
        history.create_dataset(name, data=getattr(start.history, name))


def _pattern(file: h5py.File, reconstruction: Reconstruction, as_json: Any) -> None:
    pattern = reconstruction.pattern
    detector = file.create_group(layout.DETECTOR)
    data = detector.create_dataset("data", data=pattern.intensity, **_FILTERS)
    data.attrs["units"] = pattern.unit
    data.attrs["axes"] = "z:y:x"[-2 * pattern.intensity.ndim + 1 :]
    mask = np.where(pattern.measured, np.uint32(0), np.uint32(layout.NOT_MEASURED))
    detector.create_dataset("mask", data=mask, **_FILTERS)
    detector.create_dataset("held_out", data=reconstruction.held_out.astype(np.uint8), **_FILTERS)
    if pattern.pixel_nm is not None:
        detector["object_pixel_size"] = np.array(pattern.pixel_nm) * layout.NM
    _text(detector, "description", pattern.source)
    steps = [{"name": step.name, "words": step.words, "values": dict(step.values)} for step in pattern.steps]
    _text(detector, "preparation", as_json({"steps": steps}))


def _result(file: h5py.File, reconstruction: Reconstruction, preview: bool) -> None:
    result = file.create_group(layout.RESULT)
    result.create_dataset("agreement", data=reconstruction.agreement, **_FILTERS)
    result.create_dataset("modes", data=reconstruction.modes, **_FILTERS)
    result["mode_weights"] = reconstruction.mode_weights
    curve = result.create_group("prtf")
    curve["radius_px"] = reconstruction.prtf.radius_px
    curve["values"] = reconstruction.prtf.values
    curve["pixels"] = reconstruction.prtf.pixels
    curve["independent"] = int(reconstruction.prtf.independent)
    if reconstruction.prtf.q_nm is not None:
        curve["q"] = reconstruction.prtf.q_nm.astype(np.float64) / layout.NM
        curve["q"].attrs["units"] = "1/m"
    trust = result.create_group("trust")
    for field in dataclasses.fields(reconstruction.trust):
        value = getattr(reconstruction.trust, field.name)
        if field.name == "warnings":
            _texts(trust, "warnings", value)
        else:
            trust[field.name] = value
    trust["preview"] = int(preview)


def _links(file: h5py.File, n_starts: int) -> None:
    import h5py

    shown = file.create_group(f"{layout.ENTRY}/data_1")
    for name in ("data", "mask"):
        shown[name] = h5py.SoftLink(f"/{layout.IMAGE.format(1)}/{name}")
    for number in range(1, n_starts + 2):
        file[layout.IMAGE.format(number)]["detector_1"] = h5py.SoftLink(f"/{layout.DETECTOR}")


def _text(group: h5py.Group, name: str, value: str) -> None:
    import h5py

    group.create_dataset(name, data=h5_text([value])[0], dtype=h5py.string_dtype())


def _texts(group: h5py.Group, name: str, values: Sequence[str]) -> None:
    import h5py

    text: npt.NDArray[np.object_] = h5_text(values)
    group.create_dataset(name, data=text, shape=(len(values),), dtype=h5py.string_dtype())
