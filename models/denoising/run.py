"""Frames of a run, denoised into a file."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising.beam import estimate_beam
from models.denoising.checking import check_counts
from models.denoising.counting import CountingSettings, counted, counts_unit
from models.denoising.registry import make, method
from models.denoising.types import BoolArray, Denoised
from models.errors import BadParameter, FrameUnreadable, NotSaved
from models.parameters import to_dict
from models.progress import Progress
from models.runs.types import DENOISED, Frame, PixelFlag, Run
from models.treatment.reference import provenance_of

_FRAMES_FOR_BEAM = 50


@dataclass(frozen=True, slots=True)
class DenoisedRun:
    """What came out of denoising frames of a run.

    Attributes:
        path: the file. frames: indices in the run, in the file's order.
        unreadable: frames that could not be read and are not in the file.
        photons: measured, in all frames together.
        centre_px: (y, x) of the beam for all frames; None where each frame was asked.
        speckle_px: median size of a speckle, None where no frame shows one.
        warnings: sentences, each once, with how many frames it is about.
        notes: likewise, on what was done.
    """

    path: Path
    frames: tuple[int, ...]
    unreadable: tuple[int, ...]
    photons: float
    centre_px: tuple[float, float] | None
    speckle_px: float | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def denoise_run(
    run: Run,
    frames: npt.ArrayLike,
    name: str,
    path: Path,
    parameters: Any = None,
    *,
    mask: BoolArray | None = None,
    counting: CountingSettings | None = None,
) -> Generator[Progress, None, DenoisedRun]:
    """Denoise frames of a run into a CXI file (`models.denoising.export` says where things are).

    The file appears under its name only when it is complete; a failure or a stop leaves nothing behind.

    Args:
        run: the run, in photons.
        frames: indices, in the order in which they are to be written.
        name: of the method, see `registry.METHODS`.
        path: the new file.
        parameters: of the method's own dataclass; its defaults where None.
        mask: (H, W) bool, True = measured; taken together with the frames' own.
        counting: how values become counts; None where they are counts.

    Yields:
        Progress in frames.

    Raises:
        BadParameter: no such method or frames, a mask of another shape, the run is denoised already, or is in photons
            and a value of one is given.
        NotSaved: the file cannot be written, or is the run itself.
    """
    from models.files.h5 import new_h5_checked

    info = method(name)
    parameters = info.parameters() if parameters is None else parameters
    denoiser = make(name, parameters)
    chosen = _checked(run, frames, path, mask)
    counting = counting or CountingSettings()
    unit = counts_unit(run, counting)
    centre, words = run.geometry.centre_px, "as the file says"
    if centre is None:
        yield Progress(done=0, total=len(chosen), unit="frames", message="looking for the beam")
        centre, words = _find_beam(run, chosen, mask, counting)
    seen = _Sentences(len(chosen))
    done: list[int] = []
    lost: list[int] = []
    speckles: list[float] = []
    photons = 0.0
    with new_h5_checked(path, f"The denoised frames were not saved to {path}") as (file, check):
        from models.denoising.export import DenoisedWriter
        from models.workspace.provenance import as_json, origin

        writer = DenoisedWriter(file, run, len(chosen), info, unit)
        for place, index in enumerate(chosen):
            yield Progress(done=place, total=len(chosen), unit="frames", message="denoising")
            try:
                frame = counted(_masked(run.load(index), mask), counting)
            except FrameUnreadable:
                lost.append(index)
                continue
            result = denoiser.predict(frame.raw, frame.valid, centre)
            light = float(check_counts(frame.raw, frame.valid).counts.sum(dtype=np.float64))
            writer.write(index, light, frame.flags, result)
            check()
            seen.add(result)
            if result.speckle_px is not None:
                speckles.append(result.speckle_px)
            done.append(index)
            photons += light
        if not done:
            raise NotSaved(f"Nothing was saved to {path}", cause="none of the frames can be read")
        yield Progress(done=len(chosen), total=len(chosen), unit="frames", message="finishing the file")
        warnings = [*_of_unit(unit), *seen.warnings()]
        facts = origin(
            command="denoising",
            method=info.name,
            method_title=info.title,
            method_paper=info.paper,
            parameters=as_json(to_dict(parameters)),
            counting=as_json(to_dict(counting)),
            weights_digest="" if info.digest is None else info.digest(parameters),
            beam=words,
            source_file=run.path.name,
            source_dataset=run.dataset,
            source_digest=run.identity.digest,
            source_frames=len(run),
            **provenance_of(run),
            given_mask=int(mask is not None),
            warnings=as_json({"warnings": warnings}),
        )
        writer.finish(facts)
    if lost:
        warnings.append(f"{len(lost)} frames could not be read and were left out (the first is {lost[0]})")
    yield Progress(done=len(chosen), total=len(chosen), unit="frames", message=f"{len(done)} frames denoised")
    speckle = float(np.median(speckles)) if speckles else None
    return DenoisedRun(path, tuple(done), tuple(lost), photons, centre, speckle, tuple(warnings), tuple(seen.notes()))


def _checked(run: Run, frames: npt.ArrayLike, path: Path, mask: BoolArray | None) -> list[int]:
    indices = np.asarray(frames, np.int64).ravel()
    if not len(indices):
        raise BadParameter("No frames are chosen", hint="Choose the frames to denoise")
    if indices.min() < 0 or indices.max() >= len(run):
        raise BadParameter(f"Frames {indices.min()} … {indices.max()} are chosen", cause=f"the run has {len(run)}")
    if run.unit.endswith(DENOISED):
        raise BadParameter(
            f"{run.name} is denoised already",
            cause="its values are rates, not counts",
            hint="denoise the measured run it was made from",
        )
    if mask is not None and mask.shape != run.shape:
        raise BadParameter(f"the mask has shape {mask.shape} and the frames {run.shape}")
    if path.exists() and run.path.exists() and path.samefile(run.path):
        raise NotSaved(f"{path} was not written", cause="that is the run itself", hint="Choose another name")
    return [int(index) for index in indices]


def _masked(frame: Frame, mask: BoolArray | None) -> Frame:
    if mask is None:
        return frame
    flags = np.where(mask, frame.flags, frame.flags | np.uint8(PixelFlag.USER)).astype(np.uint8)
    return replace(frame, flags=flags)


def _find_beam(
    run: Run, chosen: list[int], mask: BoolArray | None, counting: CountingSettings
) -> tuple[tuple[float, float] | None, str]:
    """The beam from the sum of some of the frames, and a sentence on it; None where they do not show it."""
    total = np.zeros(run.shape, np.float32)
    measured = np.ones(run.shape, np.bool_)
    for index in chosen[:: max(1, len(chosen) // _FRAMES_FOR_BEAM)][:_FRAMES_FOR_BEAM]:
        try:
            frame = counted(_masked(run.load(index), mask), counting)
        except FrameUnreadable:
            continue
        clean = check_counts(frame.raw, frame.valid)
        total += clean.counts
        measured &= clean.measured
    if not measured.any():
        return None, "each frame was asked: no pixel is measured in all of them"
    centre, words, sure = estimate_beam(np.where(measured, total, np.float32(0)), measured)
    return (
        (centre, f"{words} in the sum of frames") if sure else (None, "each frame was asked: their sum does not say")
    )


def _of_unit(unit: str) -> list[str]:
    if unit in ("photons", ""):
        return []
    return [f"the run is in {unit}, not in photons: rates and deviations are on that scale, and wrong as photons"]


class _Sentences:
    """What is said of frames, each sentence once."""

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._found: dict[bool, dict[str, int]] = {True: {}, False: {}}

    def add(self, result: Denoised) -> None:
        for grave, sentences in ((True, result.warnings), (False, result.notes)):
            for sentence in sentences:
                # Numbers differ from frame to frame; the sentence up to them is what they have in common.
                kept = self._found[grave]
                key = next((known for known in kept if _alike(known, sentence)), sentence)
                kept[key] = kept.get(key, 0) + 1

    def warnings(self) -> list[str]:
        return self._told(True)

    def notes(self) -> list[str]:
        return self._told(False)

    def _told(self, grave: bool) -> list[str]:
        if self._frames == 1:
            return list(self._found[grave])
        kept = sorted(self._found[grave].items(), key=lambda item: -item[1])
        return [f"{n} of {self._frames} frames, such as: {sentence}" for sentence, n in kept]


def _alike(a: str, b: str) -> bool:
    return "".join(c for c in a if c.isalpha()) == "".join(c for c in b if c.isalpha())
