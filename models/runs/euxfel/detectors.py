"""Which detectors the files of a run hold, and which of them is to be shown."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import AmbiguousRun, CannotOpen, DatasetCandidate
from models.runs.euxfel.names import data_files, detector_type, parse_file_name
from models.runs.euxfel.parts import ModulePart, read_parts
from models.runs.hdf5.file import open_hdf5
from models.runs.stack import is_image_dtype

log = logging.getLogger(__name__)

_SHOWN = 3


@dataclass
class Detector:
    """The parts of one detector.

    Attributes:
        dataset: path of its frames with * for the module's number, after "RAW:" or "CORR:" where there are both.
    """

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


class RunFiles:
    """The files of a folder, or one file alone.

    Attributes:
        path: the folder or file.
        notes: what was found odd, in sentences for the user.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self._damaged: list[Path] = []

    def detectors(self) -> list[Detector]:
        """All detectors of the files, in order of their names."""
        found: dict[tuple[str, str], Detector] = {}
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
            self.notes += [f"{path.name}: {note}" for note in notes]
            for part in parts:
                found.setdefault((part.kind, part.dataset), Detector(part.dataset)).parts.append(part)
        kinds = {kind for kind, _ in found}
        if len(kinds) > 1:
            for (kind, name), detector in found.items():
                detector.dataset = f"{kind}:{name}"
        return [found[key] for key in sorted(found)]

    def _files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        files = data_files(self.path)
        runs = {named.run for path in files if (named := parse_file_name(path.name)) is not None}
        if len(runs) > 1:
            listed = ", ".join(f"R{run:04d}" for run in sorted(runs)[:_SHOWN])
            self.notes.append(f"The folder holds files of {len(runs)} runs ({listed}…): they are read as one")
        return files

    def _leave_out(self, path: Path, error: CannotOpen) -> None:
        log.info("left out: %s", error.sentence())
        self._damaged.append(path)
        self.notes.append(f"{path.name} is left out ({error.cause}): what it holds is missing")

    def choose(self, detectors: Sequence[Detector], dataset: str | None) -> Detector:
        """The one that the user named, or the only one that has frames. Raises AmbiguousRun, CannotOpen."""
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
                if wanted in (one.dataset.strip("/"), one.device, one.parts[0].dataset.strip("/"))
            ]
            if len(named) == 1:
                return named[0]
            if not named:
                what = f"{self.path} has no detector {dataset!r}"
                raise AmbiguousRun(what, hint="Choose one of those it has", candidates=candidates)
            detectors = named
        with_frames = [detector for detector in detectors if detector.rows()]
        if len(with_frames) == 1 or len(detectors) == 1:
            return (with_frames or list(detectors))[0]
        if not detectors:
            raise self._nothing()
        raise AmbiguousRun(
            f"{self.path} holds frames of {len(detectors)} detectors",
            hint="Choose one of them",
            candidates=candidates,
        )

    def _nothing(self) -> CannotOpen:
        what = f"{self.path} cannot be opened"
        if self._damaged and not any(path for path in self._files() if path not in self._damaged):
            return CannotOpen(what, cause=self.notes[0], hint="Copy the files again from their origin")
        return CannotOpen(
            what,
            cause="its files hold no frames of a detector with modules (AGIPD, LPD, DSSC, JUNGFRAU)",
            hint="Open a file of the run alone to choose any dataset of it, or the folder with the detector's files",
        )

    def alike(self, parts: Sequence[ModulePart]) -> list[ModulePart]:
        """The parts whose frames are of the size and type that most have."""
        kinds = Counter((part.frame_shape, part.dtype.str) for part in parts)
        usual = kinds.most_common(1)[0][0]
        alike = []
        for part in parts:
            if (part.frame_shape, part.dtype.str) == usual and is_image_dtype(part.dtype):
                alike.append(part)
            else:
                ss, fs = part.frame_shape
                self.notes.append(
                    f"{part.path.name} is left out (its frames are {ss}×{fs} {part.dtype}, unlike the others): "
                    "its module is missing"
                )
        return alike

    def module_numbers(self, detector: Detector, parts: Sequence[ModulePart]) -> list[int]:
        """The numbers of the module axis: all of a known detector; of others, from the lowest to the highest seen."""
        seen = {part.module.number for part in parts}
        if not self.path.is_dir():
            return sorted(seen)
        known = detector_type(detector.device)
        if known is not None and known.modules is not None:
            return list(range(min(known.first, *seen), max(known.first + known.modules, *(n + 1 for n in seen))))
        named = [parse_file_name(part.path.name) for part in parts]
        kinds = {name.aggregator for name in named if name is not None}
        for path in self._damaged:
            name = parse_file_name(path.name)
            if name is not None and name.aggregator in kinds and name.number is not None:
                seen.add(name.number)
        return list(range(min(seen), max(seen) + 1))
