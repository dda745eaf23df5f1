"""Exporting a selection: a CXI 1.6 file that h5py reads without plugins, or a list of indices.

Layout (CXI file format 1.6, F. Maia, Nat. Methods 9:854): the frames in `/entry_1/instrument_1/detector_1/data` with
`axes`, one frame a chunk, gzip and shuffle; the mask in CXI's bits (0 = good), one for all frames, or one for each
where they differ; lengths in metres, energies in joule. Labels are Owl's `tags`, class probabilities `score`.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.types import Verdicts
from models.errors import BadParameter, FrameUnreadable, NotSaved
from models.files.disk import replace_text
from models.files.h5 import h5_text, new_h5_checked
from models.parameters import parameter, to_dict, validate
from models.progress import Progress
from models.runs.types import FlagImage, PixelFlag, Run
from models.treatment.reference import provenance_of
from models.workspace.entries import IndexArray
from models.workspace.journal import plain
from models.workspace.provenance import as_json, origin
from models.workspace.record import LabelRecord
from models.workspace.results import verdict_name
from models.workspace.tags import write_tags

if TYPE_CHECKING:
    import h5py

CXI_VERSION = 160
JOULE_PER_EV = 1.602176634e-19
CXI_BITS = {
    PixelFlag.MASKED: 0x80,
    PixelFlag.MISSING: 0x200,
    PixelFlag.NONFINITE: 0x1,
    PixelFlag.SENTINEL: 0x1,
    PixelFlag.SATURATED: 0x2,
    PixelFlag.USER: 0x40,
}
"""CXI's words: 0x1 invalid, 0x2 saturated, 0x40 to be ignored, 0x80 bad, 0x200 missing."""
_BIT_TABLE = np.array(
    [sum({bit for flag, bit in CXI_BITS.items() if value & flag}) for value in range(64)], dtype=np.uint32
)
_PER_FRAME = "experiment_identifier"


@dataclass(frozen=True)
class ExportSettings:
    """How a selection is exported."""

    compression: str = parameter("gzip", "how frames are compressed", choices=("gzip", "none"))
    level: int = parameter(1, "gzip's effort: 1 is fast, 9 is small", low=1, high=9)
    columns: bool = parameter(True, "copy the run's columns (one number for each frame)")
    skip_unreadable: bool = parameter(True, "leave out frames that cannot be read, instead of stopping")
    overwrite: bool = parameter(False, "replace a file of that name")


def export_selection(
    run: Run,
    indices: npt.ArrayLike,
    path: Path,
    labels: LabelRecord | None = None,
    verdicts: Verdicts | None = None,
    settings: ExportSettings | None = None,
) -> Generator[Progress, None, Path]:
    """Write frames of a run, with all that is known of them, as a CXI file.

    The file appears under its name only when it is complete; a failure or a stop leaves nothing behind.

    Args:
        run: the run.
        indices: the frames, in the order in which they are to be written.
        path: the new file.
        labels: written as `tags` and as text.
        verdicts: written as `score`, verdict and confidence.
        settings: how.

    Yields:
        Progress in frames; the last message says what was left out.

    Returns:
        `path`.

    Raises:
        NotSaved: it cannot be written, is there already, or is the run itself.
        BadParameter: no frames, or frames that the run does not have.
        FrameUnreadable: a frame cannot be read and `skip_unreadable` is off.
    """
    settings = validate(settings or ExportSettings())
    frames = _checked(run, indices)
    _refuse(run, path, settings)
    with new_h5_checked(path, f"The selection was not saved to {path}") as (file, check):
        writer = _FrameWriter(file, run, len(frames), settings)
        kept: list[int] = []
        for n, index in enumerate(frames.tolist()):
            yield Progress(done=n, total=len(frames), unit="frames", message="exporting")
            try:
                frame = run.load(index)
            except FrameUnreadable:
                if not settings.skip_unreadable:
                    raise
                continue
            writer.write(frame.raw, frame.flags)
            check()
            kept.append(index)
        left_out = sorted(set(frames.tolist()) - set(kept))
        if not kept:
            raise NotSaved(f"The selection was not saved to {path}", cause="none of its frames can be read")
        yield Progress(done=len(frames), total=len(frames), unit="frames", message="finishing the file")
        writer.finish()
        chosen = np.array(kept, dtype=np.int64)
        _write_frame_facts(file, run, chosen, settings)
        if labels is not None:
            _write_labels(file, labels, chosen)
        if verdicts is not None:
            _write_verdicts(file, verdicts, chosen)
        _write_origin(file, run, settings, left_out)
    message = f"{len(kept)} frames exported"
    if left_out:
        message += f", {len(left_out)} could not be read and were left out (the first is {left_out[0]})"
    yield Progress(done=len(frames), total=len(frames), unit="frames", message=message)
    return path


def write_index_list(
    path: Path, indices: npt.ArrayLike, events: Sequence[str] | None = None, kind: str = "index"
) -> None:
    """Write a selection as text, one frame a line.

    Args:
        path: the new file; replaced if it is there.
        indices: the frames.
        events: event identifier of every frame of the run; needed for `kind` "event".
        kind: "index" or "event".

    Raises:
        BadParameter: `kind` is neither, or the run has no identifiers.
        NotSaved: it cannot be written.
    """
    frames = np.asarray(indices, dtype=np.int64).ravel().tolist()
    if kind not in ("index", "event"):
        raise BadParameter(f"A list of {kind!r} cannot be written", cause="it is index or event")
    if kind == "event":
        if events is None:
            raise BadParameter("The run has no event identifiers", hint="Write a list of indices instead")
        lines = [str(events[i]) for i in frames]
    else:
        lines = [str(i) for i in frames]
    replace_text(path, "".join(f"{line}\n" for line in lines), f"The list was not saved to {path}")


def cxi_mask(flags: FlagImage) -> npt.NDArray[np.uint32]:
    """(H, W) uint32 in CXI's bits, 0 = good, of `PixelFlag` bits."""
    found: npt.NDArray[np.uint32] = _BIT_TABLE[flags & 63]
    return found


class _FrameWriter:
    """Writes data and masks. The mask becomes a stack with the first frame whose mask is another than the first's."""

    def __init__(self, file: h5py.File, run: Run, n_frames: int, settings: ExportSettings) -> None:
        file["cxi_version"] = CXI_VERSION
        file["number_of_entries"] = 1
        self._entry = file.create_group("entry_1")
        self._detector = self._entry.create_group("instrument_1/detector_1")
        self._n_frames = n_frames
        self._shape = (run.shape[0], run.shape[1])
        self._filters: dict[str, Any] = {}
        if settings.compression == "gzip":
            self._filters = {"compression": "gzip", "compression_opts": settings.level, "shuffle": True}
        self._data = self._stack("data", run.dtype.newbyteorder("="), self._filters)
        if run.unit:
            self._data.attrs["units"] = run.unit
        self._n = 0
        self._first: FlagImage | None = None
        self._shared: FlagImage | None = None
        self._compressed: deque[tuple[FlagImage, bytes]] = deque(maxlen=4)
        self._masks: h5py.Dataset | None = None
        write_geometry(self._entry, self._detector, run)

    def write(self, raw: npt.NDArray[Any], flags: FlagImage) -> None:
        self._data[self._n] = raw
        self._shared = flags if self._shared is None else self._shared & flags
        if self._first is None:
            self._first = flags
        elif self._masks is None and not np.array_equal(flags, self._first):
            self._masks = self._stack("mask", np.dtype(np.uint32), {"compression": "gzip", "shuffle": True})
            for earlier in range(self._n):
                self._write_mask(earlier, self._first)
        if self._masks is not None:
            self._write_mask(self._n, flags)
        self._n += 1

    def finish(self) -> None:
        """Cut the stacks to the frames written, and write the one mask of all frames where they agree."""
        self._data.resize(self._n, axis=0)
        if self._masks is not None:
            self._masks.resize(self._n, axis=0)
            assert self._shared is not None
            # What is bad in every frame, under Cheetah's name, so that a reader need not look at all of them.
            shared = self._detector.create_dataset("mask_shared", data=cxi_mask(self._shared), compression="gzip")
            shared.attrs["axes"] = "y:x"
        elif self._first is not None:
            mask = self._detector.create_dataset("mask", data=cxi_mask(self._first), compression="gzip", shuffle=True)
            mask.attrs["axes"] = "y:x"
        data_1 = self._entry.create_group("data_1")
        import h5py

        for name in ("data", "mask"):
            data_1[name] = h5py.SoftLink(f"/entry_1/instrument_1/detector_1/{name}")
        data_1[_PER_FRAME] = h5py.SoftLink(f"/entry_1/{_PER_FRAME}")

    def _stack(self, name: str, dtype: np.dtype[Any], filters: dict[str, Any]) -> h5py.Dataset:
        shape = (self._n_frames, *self._shape)
        stack = self._detector.create_dataset(
            name, shape, dtype, maxshape=(None, *self._shape), chunks=(1, *self._shape), **filters
        )
        stack.attrs["axes"] = f"{_PER_FRAME}:y:x"
        return stack

    def _write_mask(self, row: int, flags: FlagImage) -> None:
        """One mask as a chunk. Most frames share theirs, so it is compressed once and the bytes are used again."""
        assert self._masks is not None
        chunk = next((data for known, data in self._compressed if np.array_equal(flags, known)), None)
        if chunk is None:
            shuffled = cxi_mask(flags).astype("<u4").ravel().view(np.uint8).reshape(-1, 4).T.tobytes()
            chunk = zlib.compress(shuffled, 1)
            self._compressed.append((flags, chunk))
        self._masks.id.write_direct_chunk((row, 0, 0), chunk)


def _checked(run: Run, indices: npt.ArrayLike) -> IndexArray:
    frames = np.asarray(indices)
    if frames.dtype == np.bool_:
        frames = np.flatnonzero(frames)
    frames = frames.astype(np.int64).ravel()
    if not len(frames):
        raise BadParameter("No frames are selected", hint="Select the frames to export")
    if frames.min() < 0 or frames.max() >= len(run):
        raise BadParameter(f"Frames {frames.min()} … {frames.max()} are selected", cause=f"the run has {len(run)}")
    return frames


def _refuse(run: Run, path: Path, settings: ExportSettings) -> None:
    what = f"The selection was not saved to {path}"
    if path.exists():
        if run.path.exists() and path.samefile(run.path):
            raise NotSaved(what, cause="that is the run itself", hint="Choose another name")
        if path.is_dir():
            raise NotSaved(what, cause="a folder of that name is there", hint="Choose another name")
        if not settings.overwrite:
            raise NotSaved(what, cause="a file of that name is there", hint="Choose another name or allow replacing")


def write_geometry(entry: h5py.Group, detector: h5py.Group, run: Run) -> None:
    """Write what is known of a run's geometry into a CXI entry and its detector, in metres and joule."""
    geometry = run.geometry
    if geometry.distance_m is not None:
        detector["distance"] = geometry.distance_m
    if geometry.pixel_size_m is not None:
        step_y, step_x = geometry.pixel_size_m
        detector["y_pixel_size"] = step_y
        detector["x_pixel_size"] = step_x
        if geometry.centre_px is not None and geometry.distance_m is not None:
            # CXI's axes: z downstream, y up, x to the left looking downstream; the corner of the first pixel.
            centre_y, centre_x = geometry.centre_px
            detector["corner_position"] = [(centre_x + 0.5) * step_x, (centre_y + 0.5) * step_y, geometry.distance_m]
            detector["basis_vectors"] = [[0.0, -step_y, 0.0], [-step_x, 0.0, 0.0]]
    if geometry.centre_px is not None:
        detector["image_center"] = [geometry.centre_px[1], geometry.centre_px[0], 0.0]
    if geometry.photon_energy_eV is not None:
        entry["instrument_1"].create_group("source_1")["energy"] = geometry.photon_energy_eV * JOULE_PER_EV


def _write_frame_facts(file: h5py.File, run: Run, frames: IndexArray, settings: ExportSettings) -> None:
    """Identifiers, places in the run, and the run's columns."""
    entry = file["entry_1"]
    events = run.events
    names = [(str(events[i]) if events is not None else "") or f"{run.name}:{i}" for i in frames.tolist()]
    _write_text(entry, _PER_FRAME, names)
    result = entry.create_group("result_1")
    _per_frame(result, "original_index", frames)
    if not settings.columns:
        return
    taken = {"original_index", "label", "verdict", "confidence", "unknown"}
    for column in run.columns.values():
        name = column.name.replace("/", "_").strip(". ") or "column"
        while name in taken:
            name += "_"
        taken.add(name)
        _per_frame(result, name, np.asarray(column.values)[frames], column.unit)


def _write_labels(file: h5py.File, labels: LabelRecord, frames: IndexArray) -> None:
    import h5py

    entry = file["entry_1"]
    write_tags(entry["instrument_1/detector_1"], labels.codes[frames], labels.classes)
    entry["data_1/tags"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/tags")
    _write_text(entry["result_1"], "label", [labels.name_of(i) for i in frames.tolist()])


def _write_verdicts(file: h5py.File, verdicts: Verdicts, frames: IndexArray) -> None:
    import h5py

    entry = file["entry_1"]
    result = entry["result_1"]
    detector = entry["instrument_1/detector_1"]
    score = detector.create_dataset("score", data=np.ascontiguousarray(verdicts.probabilities[frames].T))
    score.attrs.create("headings", h5_text(verdicts.classes), dtype=h5py.string_dtype())
    score.attrs["axes"] = f"score:{_PER_FRAME}"
    score.attrs["description"] = "calibrated probability of each class"
    _write_text(result, "verdict", [verdict_name(verdicts, i) for i in frames.tolist()])
    _per_frame(result, "confidence", np.asarray(verdicts.confidence, dtype=np.float32)[frames])
    _per_frame(result, "unknown", np.asarray(verdicts.unknown, dtype=np.float32)[frames])
    result["verdict"].attrs["provenance"] = as_json(verdicts.provenance)


def _write_origin(file: h5py.File, run: Run, settings: ExportSettings, left_out: list[int]) -> None:
    process = file["entry_1"].create_group("process_1")
    facts = origin(
        command="export of a selection",
        source_file=run.path.name,
        source_dataset=run.dataset,
        source_digest=run.identity.digest,
        source_frames=len(run),
        **provenance_of(run),
        settings=as_json(to_dict(settings)),
    )
    for name, value in facts.items():
        process[name] = value
    if left_out:
        process["unreadable"] = np.array(left_out, dtype=np.int64)
    if run.warnings:
        _write_text(process, "source_warnings", list(run.warnings))


def _per_frame(group: h5py.Group, name: str, values: npt.NDArray[Any], unit: str = "") -> None:
    data = group.create_dataset(name, data=values)
    data.attrs["axes"] = _PER_FRAME
    if unit:
        data.attrs["units"] = unit


def _write_text(group: h5py.Group, name: str, values: list[str]) -> None:
    import h5py

    data = group.create_dataset(name, data=h5_text(values), dtype=h5py.string_dtype())
    data.attrs["axes"] = _PER_FRAME


def default_name(run: Run) -> str:
    """A file name to propose for an exported selection."""
    return f"{plain(Path(run.name).stem, 'run')}-selection.cxi"
