"""Opening a run directory of European XFEL, or one file of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, FriedelError
from models.runs.columns import ColumnSource, LazyColumns
from models.runs.euxfel.detectors import Detector, RunFiles
from models.runs.euxfel.frames import Frames
from models.runs.euxfel.names import detector_type
from models.runs.euxfel.parts import ModulePart
from models.runs.euxfel.source import MASK_CONVENTION, EuxfelSource
from models.runs.euxfel.store import PartStore
from models.runs.euxfel.trains import IndexRows, TrainTable, merge
from models.runs.events import LazyEvents
from models.runs.hdf5.values import READ_ERRORS
from models.runs.identity import IDS_HASHED, make_identity
from models.runs.layout import FrameLayout, module_grid, require_picture_size
from models.runs.masks import AS_READ, MaskFault, MaskOverride, MaskReading, read_mask
from models.runs.stack import RunFacts, StackRun
from models.runs.types import FlagImage, Geometry, PixelFlag

MOST_FRAMES = 10**8
"""More than a thousand times the longest runs; a damaged index may tell of any number."""

Identifiers = Callable[[int], npt.NDArray[np.int64] | None]


def open_euxfel_run(path: Path, dataset: str | None = None, mask: MaskOverride = AS_READ) -> StackRun:
    """Open a run directory of European XFEL, or one of its files, as a run of detector frames.

    A frame is a pulse of a train over all modules of a detector, module number ascending, laid out on a grid; its
    event is "train:pulse". Modules that did not record a train are flagged MISSING. Nothing is written anywhere.

    Args:
        path: a folder of RAW-R….h5 or CORR-R….h5 files, or one such file (then its module alone is the frame).
        dataset: path of the frames with * for the module's number, or the detector's name; None to find it.
        mask: how the user wants the files' masks read, where otherwise than Friedel reads them.

    Raises:
        CannotOpen: no file can be read, or they hold no frames of a detector with modules.
        AmbiguousRun: frames of several detectors, or `dataset` is none of them.
    """
    opening = _Opening(path)
    try:
        return opening.run(dataset, mask)
    except READ_ERRORS as error:
        opening.close()
        raise CannotOpen(
            f"{path} cannot be opened",
            cause=f"the structure of its files is damaged ({error})",
            hint="Copy them again from their origin",
        ) from error
    except BaseException:
        opening.close()
        raise


class _Opening:
    """The steps of opening one folder, and what they found odd."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = RunFiles(path)
        self._notes = self._files.notes
        self._store: PartStore | None = None

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def run(self, dataset: str | None, override: MaskOverride) -> StackRun:
        """The open run; see `open_euxfel_run`."""
        detector = self._files.choose(self._files.detectors(), dataset)
        parts = self._files.alike(detector.parts)
        numbers = self._files.module_numbers(detector, parts)
        table = merge(
            [IndexRows(numbers.index(part.module.number), part.trains, part.first, part.count) for part in parts],
            len(numbers),
        )
        told = float(table.count.max(axis=1, initial=0).sum(dtype=np.float64))
        if told > MOST_FRAMES:
            raise CannotOpen(
                f"{self._path} cannot be opened",
                cause=f"the index of its files tells of {told:.3g} frames, which cannot be",
                hint="Copy the files again from their origin",
            )
        store = self._store = PartStore(parts)
        identifiers = self._identifiers(store)
        frames = Frames(table, identifiers)
        if not len(frames):
            raise CannotOpen(
                f"{self._path}: {detector.dataset} has no frames yet",
                cause="no train of its files holds any",
                hint="If the measurement is running, open it again when frames have arrived",
            )
        first = parts[0]
        store.require_filters(0)
        ss, fs = first.frame_shape
        shape = (len(frames), len(numbers), ss, fs)
        if len(numbers) == 1:
            layout = FrameLayout(shape=(shape[0], ss, fs), scan=(0,), y=1, x=2)
        else:
            layout = FrameLayout(shape=shape, scan=(0,), y=2, x=3, modules=1, grid=module_grid(len(numbers), ss, fs))
        require_picture_size(layout.frame_shape, f"{self._path}: {detector.dataset}")
        dtype = first.dtype.newbyteorder("=")
        source = EuxfelSource(store, frames, shape[1:], layout, dtype, override)
        self._note_facts(detector, parts, numbers, table, layout)
        readings = self._mask_readings(source, parts, override)
        facts = RunFacts(
            path=self._path,
            dataset=detector.dataset,
            frames=len(frames),
            shape=layout.frame_shape,
            dtype=dtype,
            identity=make_identity(
                len(frames),
                (detector.dataset, layout.frame_shape, dtype.str),
                # Train identifiers are the facility's own and never come twice: no frame needs to be looked at.
                events=_events(frames, min(len(frames), IDS_HASHED)),
            ),
            unit="ADU" if first.kind == "RAW" else "",
            static_flags=_static_flags(layout, table),
            geometry=self._geometry(detector),
            columns=_columns(frames, store),
            events=LazyEvents(len(frames), lambda: _events(frames, len(frames))),
            warnings=tuple(dict.fromkeys(self._notes)),
            layout=layout,
            mask_reading=readings,
        )
        return StackRun(facts, source)

    def _identifiers(self, store: PartStore) -> Identifiers:
        """Pulse (or cell) numbers of a part; none at all where they do not tell the frames of a train apart."""
        trusted = True
        first = store.parts[0]
        if len(first.count):
            numbers = store.numbers(0, first.identifier)
            if numbers is not None:
                own = numbers[int(first.first[0]) : int(first.first[0] + first.count[0])]
                trusted = len(np.unique(own)) == len(own)
        if not first.identifier and first.cells == 1:
            self._notes.append("The files number no pulses: frames are told apart by their place in the train")
        if not trusted:
            self._notes.append(
                f"{first.identifier} repeats itself within a train: frames are told apart by their place in the train"
            )
        return lambda part: store.numbers(part, store.parts[part].identifier) if trusted else None

    def _note_facts(
        self,
        detector: Detector,
        parts: Sequence[ModulePart],
        numbers: Sequence[int],
        table: TrainTable,
        layout: FrameLayout,
    ) -> None:
        seen = {part.module.number for part in parts}
        if gone := [number for number in numbers if number not in seen]:
            self._notes.append(
                f"{detector.device}: module{'s' * (len(gone) > 1)} {_list(gone)} of {len(numbers)} "
                f"{'are' if len(gone) > 1 else 'is'} in no file: missing in every frame"
            )
        lacking = np.count_nonzero(table.part < 0, axis=1) > len(gone)
        if np.any(lacking):
            self._notes.append(
                f"In {int(np.count_nonzero(lacking))} of {len(table)} trains some modules recorded nothing: "
                "they are missing in those frames"
            )
        if len(uneven := table.uneven()):
            self._notes.append(
                f"In {len(uneven)} of {len(table)} trains modules recorded different numbers of frames: "
                "they are put together by pulse"
            )
        if table.repeated:
            self._notes.append(f"{table.repeated} trains come twice in a module: the first of each is taken")
        if table.unordered:
            self._notes.append(
                f"{table.unordered} trains are out of order in the files: frames are in order of train"
            )
        if untimed := sum(part.untimed for part in parts):
            self._notes.append(
                f"{untimed} entries whose train identifier did not come from the facility's clock are left out"
            )
        if cut := sum(part.cut for part in parts):
            self._notes.append(f"{cut} trains are in an index but not (wholly) in its file: the rest is left out")
        if layout.modules is not None:
            ss, fs = parts[0].frame_shape
            self._notes.append(
                f"{len(numbers)} detector modules of {ss}×{fs} are laid out as a grid of "
                f"{layout.grid[0]}×{layout.grid[1]}: the detector's geometry is not applied"
            )
        if parts[0].kind == "RAW":
            known = detector_type(detector.device)
            stage = "; above 4095 they carry the gain stage" if known is not None and known.name == "LPD" else ""
            self._notes.append(f"These are raw values, not calibrated{stage}")

    def _geometry(self, detector: Detector) -> Geometry:
        known = detector_type(detector.device)
        if known is None or known.pixel_size_m is None:
            return Geometry()
        size = known.pixel_size_m
        self._notes.append(
            f"The pixel size of {size * 1e6:g} µm is that of {known.name} detectors; the files give none"
        )
        return Geometry(pixel_size_m=(size, size))

    def _mask_readings(
        self, source: EuxfelSource, parts: Sequence[ModulePart], override: MaskOverride
    ) -> tuple[MaskReading, ...]:
        """How the masks were read, by that of the first frame."""
        masked = next((part for part in parts if part.mask), None)
        if masked is None:
            return ()
        path = f"{masked.dataset.rsplit('/', 1)[0]}/{masked.mask}"
        try:
            return (read_mask(source.read_mask(0), path, MASK_CONVENTION, override, per_frame=True)[1],)
        except (MaskFault, FriedelError) as error:
            self._notes.append(f"{path} cannot be used as a mask ({error})")
            return ()


def _static_flags(layout: FrameLayout, table: TrainTable) -> FlagImage | None:
    """MISSING where no frame has a module."""
    if layout.modules is None:
        return None
    slab = np.zeros(layout.shape[1:], np.uint8)
    slab[(table.part < 0).all(axis=0)] = PixelFlag.MISSING
    plain = FrameLayout(shape=slab.shape, scan=(), modules=0, y=1, x=2, grid=layout.grid)
    flags: FlagImage = plain.assemble(slab, gap=int(PixelFlag.MISSING))
    return flags


def _events(frames: Frames, stop: int) -> list[str]:
    """ "train:pulse" of the first `stop` frames."""
    pairs = zip(frames.trains[:stop].tolist(), frames.pulses[:stop].tolist(), strict=True)
    return [f"{train}:{pulse}" for train, pulse in pairs]


def _columns(frames: Frames, store: PartStore) -> LazyColumns:
    def of(values: Callable[[], npt.NDArray[np.int64]]) -> ColumnSource:
        return ColumnSource(lambda: (values(), ""))

    first = store.parts[0]
    cells = "memoryCell" if first.key == "adc" else "cellId"
    sources = {
        "trainId": of(lambda: frames.trains),
        "pulseId": of(lambda: frames.pulses),
        "cellId": of(lambda: frames.gather(lambda part: store.numbers(part, cells))),
        "modules": of(frames.modules_there),
    }
    return LazyColumns(sources)


def _list(numbers: Sequence[int]) -> str:
    """ "3", "3 and 5", "0–6 and 8–15" of ascending numbers."""
    stretches: list[list[int]] = []
    for number in numbers:
        if stretches and number == stretches[-1][-1] + 1:
            stretches[-1].append(number)
        else:
            stretches.append([number])
    words = []
    for stretch in stretches:
        words += [f"{stretch[0]}–{stretch[-1]}"] if len(stretch) > 2 else [str(number) for number in stretch]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
