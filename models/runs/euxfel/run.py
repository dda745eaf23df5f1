"""Opening a run directory of European XFEL, or one file of it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.errors import AmbiguousRun, CannotOpen, DatasetCandidate, FriedelError
from models.runs.columns import ColumnSource, LazyColumns
from models.runs.euxfel.frames import Frames
from models.runs.euxfel.names import data_files, detector_type, parse_file_name
from models.runs.euxfel.parts import ModulePart, has_modules, read_parts
from models.runs.euxfel.source import MASK_CONVENTION, EuxfelSource
from models.runs.euxfel.store import PartStore
from models.runs.euxfel.trains import IndexRows, TrainTable, merge
from models.runs.events import LazyEvents
from models.runs.hdf5.file import open_hdf5
from models.runs.hdf5.values import READ_ERRORS
from models.runs.identity import IDS_HASHED, make_identity
from models.runs.layout import FrameLayout, module_grid
from models.runs.masks import AS_READ, MaskFault, MaskOverride, MaskReading, read_mask
from models.runs.stack import RunFacts, StackRun, is_image_dtype
from models.runs.types import FlagImage, Geometry, PixelFlag

log = logging.getLogger(__name__)

Identifiers = Callable[[int], npt.NDArray[np.int64] | None]

_SHOWN = 3
_LOOKED_AT = 3


def is_euxfel_folder(folder: Path) -> bool:
    """Whether a folder holds data files of European XFEL: by their names, and one of them by its content.

    Where the facility's names lead to files that cannot be read, they count: opening says what is wrong with them.
    """
    import h5py

    try:
        files = data_files(folder)
    except OSError:
        return False
    for path in files[:_LOOKED_AT]:
        try:
            with h5py.File(path, "r", locking=False) as file:
                if "INDEX/trainId" in file:
                    return True
        except READ_ERRORS:
            return True
    return False


def is_euxfel_file(path: Path, dataset: str | None = None) -> bool:
    """Whether an HDF5 file is one of European XFEL's with a detector's modules.

    A dataset of it that is named without * for the module's number is opened like one of any other file.
    """
    import h5py

    if dataset is not None and "*" not in dataset:
        return False
    try:
        with h5py.File(path, "r", locking=False) as file:
            return has_modules(file)
    except READ_ERRORS:
        return False


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


@dataclass
class _Detector:
    """The parts of one detector."""

    dataset: str
    parts: list[ModulePart] = field(default_factory=list)

    @property
    def device(self) -> str:
        return self.parts[0].module.device

    def rows(self) -> int:
        """Frames of its fullest module."""
        per_module: Counter[int] = Counter()
        for part in self.parts:
            per_module[part.module.number] += int(part.count.sum())
        return max(per_module.values())

    def numbers(self) -> set[int]:
        return {part.module.number for part in self.parts}


class _Opening:
    """The steps of opening one folder, and what they found odd."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: list[str] = []
        self._damaged: list[Path] = []
        self._store: PartStore | None = None

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def run(self, dataset: str | None, override: MaskOverride) -> StackRun:
        """The open run; see `open_euxfel_run`."""
        detector = self._choose(self._detectors(), dataset)
        parts = self._alike(detector.parts)
        numbers = self._module_numbers(detector, parts)
        table = merge(
            [IndexRows(numbers.index(part.module.number), part.trains, part.first, part.count) for part in parts],
            len(numbers),
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

    def _detectors(self) -> list[_Detector]:
        """All detectors of the files, in order of their names."""
        found: dict[tuple[str, str], _Detector] = {}
        for path in self._files():
            try:
                file, notes = open_hdf5(path)
            except CannotOpen as error:
                self._leave_out(path, error)
                continue
            try:
                parts = read_parts(file, path)
            except CannotOpen as error:
                self._leave_out(path, error)
                continue
            finally:
                file.close()
            self._notes += [f"{path.name}: {note}" for note in notes]
            for part in parts:
                found.setdefault((part.kind, part.dataset), _Detector(part.dataset)).parts.append(part)
        kinds = {kind for kind, _ in found}
        if len(kinds) > 1:
            for (kind, name), detector in found.items():
                detector.dataset = f"{kind}:{name}"
        return [found[key] for key in sorted(found)]

    def _files(self) -> list[Path]:
        if not self._path.is_dir():
            return [self._path]
        files = data_files(self._path)
        runs = {named.run for path in files if (named := parse_file_name(path.name)) is not None}
        if len(runs) > 1:
            listed = ", ".join(f"R{run:04d}" for run in sorted(runs)[:_SHOWN])
            self._notes.append(f"The folder holds files of {len(runs)} runs ({listed}…): they are read as one")
        return files

    def _leave_out(self, path: Path, error: CannotOpen) -> None:
        log.info("left out: %s", error.sentence())
        self._damaged.append(path)
        self._notes.append(f"{path.name} is left out ({error.cause}): its module is missing")

    def _choose(self, detectors: Sequence[_Detector], dataset: str | None) -> _Detector:
        candidates = [
            DatasetCandidate(
                path=detector.dataset,
                shape=(detector.rows(), len(detector.numbers()), *detector.parts[0].frame_shape),
                dtype=detector.parts[0].dtype.name,
                score=float(detector.rows()),
                why=f"{len(detector.numbers())} modules, {detector.rows()} frames",
            )
            for detector in detectors
        ]
        candidates.sort(key=lambda candidate: -candidate.score)
        if dataset is not None:
            wanted = dataset.strip("/")
            named = [
                one
                for one in detectors
                if wanted in (one.dataset.strip("/"), one.device, one.dataset.split(":", 1)[-1])
            ]
            if len(named) == 1:
                return named[0]
            if not named:
                what = f"{self._path} has no detector {dataset!r}"
                raise AmbiguousRun(what, hint="Choose one of those it has", candidates=candidates)
            detectors = named
        with_frames = [detector for detector in detectors if detector.rows()]
        if len(with_frames) == 1 or len(detectors) == 1:
            return (with_frames or list(detectors))[0]
        if not detectors:
            raise self._nothing()
        raise AmbiguousRun(
            f"{self._path} holds frames of {len(detectors)} detectors",
            hint="Choose one of them",
            candidates=candidates,
        )

    def _nothing(self) -> CannotOpen:
        what = f"{self._path} cannot be opened"
        if self._damaged and not any(path for path in self._files() if path not in self._damaged):
            return CannotOpen(what, cause=self._notes[0], hint="Copy the files again from their origin")
        return CannotOpen(
            what,
            cause="its files hold no frames of a detector with modules (AGIPD, LPD, DSSC, JUNGFRAU)",
            hint="Open a file of the run alone to choose any dataset of it, or the folder with the detector's files",
        )

    def _alike(self, parts: Sequence[ModulePart]) -> list[ModulePart]:
        """The parts whose frames are of the size and type that most have."""
        kinds = Counter((part.frame_shape, part.dtype.str) for part in parts)
        usual = kinds.most_common(1)[0][0]
        alike = []
        for part in parts:
            if (part.frame_shape, part.dtype.str) == usual and is_image_dtype(part.dtype):
                alike.append(part)
            else:
                ss, fs = part.frame_shape
                self._notes.append(
                    f"{part.path.name} is left out (its frames are {ss}×{fs} {part.dtype}, unlike the others): "
                    "its module is missing"
                )
        return alike

    def _module_numbers(self, detector: _Detector, parts: Sequence[ModulePart]) -> list[int]:
        """The numbers of the module axis: all of a known detector; of others, from the lowest to the highest seen."""
        seen = {part.module.number for part in parts}
        if not self._path.is_dir():
            return sorted(seen)
        known = detector_type(detector.device)
        if known is not None and known.modules is not None:
            return list(range(known.first, max(known.first + known.modules, max(seen) + 1)))
        named = [parse_file_name(part.path.name) for part in parts]
        kinds = {name.aggregator for name in named if name is not None}
        for path in self._damaged:
            name = parse_file_name(path.name)
            if name is not None and name.aggregator in kinds and name.number is not None:
                seen.add(name.number)
        return list(range(min(seen), max(seen) + 1))

    def _identifiers(self, store: PartStore) -> Identifiers:
        """Pulse (or cell) numbers of a part; none at all where they do not tell the frames of a train apart."""
        trusted = True
        first = store.parts[0]
        if len(first.count):
            numbers = store.numbers(0, first.identifier)
            if numbers is not None:
                own = numbers[int(first.first[0]) : int(first.first[0] + first.count[0])]
                trusted = len(np.unique(own)) == len(own)
        if not trusted:
            self._notes.append(
                f"{first.identifier} repeats itself within a train: frames are told apart by their place in the train"
            )
        return lambda part: store.numbers(part, store.parts[part].identifier) if trusted else None

    def _note_facts(
        self,
        detector: _Detector,
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

    def _geometry(self, detector: _Detector) -> Geometry:
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
