"""The errors Friedel raises on purpose.

Each carries what happened (`str(error)`), why (`cause`) and what the user can do (`hint`), so that the window and
the command line show one clear sentence and keep the traceback for the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST_SENTENCE = 1200


class FriedelError(Exception):
    """Base of every expected error.

    Args:
        what: one sentence naming the thing that failed and where (file, dataset, frame).
        cause: why it failed, in words a scientist understands; may be empty.
        hint: what to do about it; may be empty.
    """

    def __init__(self, what: str, *, cause: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.hint = hint

    def sentence(self) -> str:
        """The whole message on one line: what, cause and hint."""
        text = self.what.rstrip(".")
        if self.cause:
            text += f": {self.cause.rstrip('.')}"
        text += "."
        if self.hint:
            hint = self.hint.rstrip(".")
            text += f" {hint[:1].upper()}{hint[1:]}."
        line = " ".join(text.split())  # what a damaged file was quoted with may be of any length
        return line if len(line) <= _LONGEST_SENTENCE else line[: _LONGEST_SENTENCE - 1] + "…"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword-only arguments do not survive the pipe from a worker process by default.
        return (_rebuild, (type(self), self.what, self.cause, self.hint, self.__dict__.copy()))


def _rebuild(kind: type[FriedelError], what: str, cause: str, hint: str, state: dict[str, object]) -> FriedelError:
    error = kind.__new__(kind)
    FriedelError.__init__(error, what, cause=cause, hint=hint)
    error.__dict__.update(state)
    return error


class CannotOpen(FriedelError):
    """A file or folder cannot be opened as a run."""


@dataclass(frozen=True, slots=True)
class DatasetCandidate:
    """One dataset of a file that might hold the frames.

    Attributes:
        path: the dataset's path inside the file.
        shape: its full shape.
        dtype: numpy dtype as text.
        score: higher is likelier to be the frames; only the order matters.
        why: what speaks for or against it, for the picker.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    score: float
    why: str


class AmbiguousRun(CannotOpen):
    """Several datasets might hold the frames: the user has to choose one of `candidates` (best first)."""

    def __init__(
        self,
        what: str,
        *,
        cause: str = "",
        hint: str = "",
        candidates: Sequence[DatasetCandidate] = (),
    ) -> None:
        super().__init__(what, cause=cause, hint=hint)
        self.candidates = tuple(candidates)


class FrameUnreadable(FriedelError):
    """One frame of an open run cannot be read; the others can."""

    def __init__(self, what: str, *, cause: str = "", hint: str = "", index: int = -1) -> None:
        super().__init__(what, cause=cause, hint=hint)
        self.index = index


class NotSaved(FriedelError):
    """Something the user made (a label, a result) could not be written to disk."""


class BadLabels(FriedelError):
    """A label table cannot be read or does not fit the run."""


class BadParameter(FriedelError):
    """A parameter is out of its range or unknown."""


class BadWeights(FriedelError):
    """A weight file is missing, damaged or made for another network."""


class BadPattern(FriedelError):
    """A diffraction pattern, or its mask, is nothing that could be phased or denoised."""


class NotEnoughExamples(FriedelError):
    """Too few labelled frames for what was asked."""


class BadGeometry(FriedelError):
    """A geometry file cannot be read, or does not fit the run's detector.

    `line` is where in the file, from 1; 0 where the whole file is meant.
    """

    def __init__(self, what: str, *, cause: str = "", hint: str = "", line: int = 0) -> None:
        super().__init__(what, cause=cause, hint=hint)
        self.line = line
