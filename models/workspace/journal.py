"""Reading label journals: JSON lines, one file for each annotator and workstation.

A journal is only ever appended to. Whatever happened to it (a kill or power cut in the middle of a line, a damaged
block, a newer Friedel's entries), every line that is whole is used, and nothing is removed from the file.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.workspace.entries import OPS, Entry, RunKey, decode, many_objects

log = logging.getLogger(__name__)

PATTERN = "labels-*.jsonl"
RUN_OP = "run"
"""A line saying which run the lines after it are about; the first line of every journal and of every session."""
TORN_OP = "torn"
"""A line saying that the line before it was cut short, and that this is known."""
NEWEST = 1
"""The latest version of the journal this Friedel knows."""
_MAX_WARNINGS = 20
_BLOCK = 2000


def file_name(annotator: str, number: int = 1, host: str | None = None) -> str:
    """Name of an annotator's journal on this workstation; `number` > 1 for a second Friedel at the same time."""
    machine = socket.gethostname() if host is None else host
    suffix = f"-{number}" if number > 1 else ""
    return f"labels-{plain(annotator, 'annotator')}@{plain(machine, 'host')}{suffix}.jsonl"


def plain(text: str, otherwise: str) -> str:
    """Text made fit for a file name."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._")[:48] or otherwise


class JournalReader:
    """Reads a journal, and later what was added to it.

    Args:
        path: the journal.

    Attributes:
        warnings: sentences on lines that could not be used, naming file and line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = path.name
        self.warnings: list[str] = []
        self._offset = 0
        self._line = 0
        self._file: tuple[int, int] | None = None
        self._run: RunKey | None = None
        self._suspect: str | None = None
        self._n_bad = 0

    @many_objects()
    def read_new(self) -> list[Entry]:
        """The entries that came since the last call (all of them, where the file was replaced).

        A last line without an end is used if it is a whole entry, and read again next time.

        Raises:
            OSError: the file cannot be read.
        """
        with self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            same = self._file == (status.st_dev, status.st_ino) and status.st_size >= self._offset
            if not same:
                self._offset, self._line, self._run, self._suspect = 0, 0, None, None
                self._file = (status.st_dev, status.st_ino)
            file.seek(self._offset)
            data = file.read()
        complete, _, tail = data.rpartition(b"\n")
        lines = complete.split(b"\n") if complete or data.startswith(b"\n") else []
        entries = list(self._entries(lines))
        if tail:
            entries += self._unfinished(tail)
        self._offset += len(data) - len(tail)
        return entries

    def _entries(self, lines: list[bytes]) -> Iterator[Entry]:
        for start in range(0, len(lines), _BLOCK):
            block = lines[start : start + _BLOCK]
            for raw, body in zip(block, _parse_block(block), strict=True):
                self._line += 1
                entry = self._use(raw, body)
                if entry is not None:
                    yield entry
        if self._suspect is not None and lines:
            self._complain(self._line, self._suspect)

    def _use(self, raw: bytes, body: dict[str, Any] | str) -> Entry | None:
        """The entry of one line; None for a line that holds none."""
        if self._suspect is None and type(body) is dict and type(body.get("op")) is str and body["op"] in OPS:
            return self._decoded(body)
        if self._suspect is not None:
            if isinstance(body, str) or body.get("op") != TORN_OP:
                self._complain(self._line - 1, self._suspect)
            self._suspect = None
        if isinstance(body, str):
            if raw.strip():
                self._suspect = body
            return None
        op = body.get("op")
        if op == RUN_OP:
            self._run = _run_of(body)
            if type(body.get("v")) is int and body["v"] > NEWEST:
                self._warn(f"{self.path} was written by a newer Friedel: what it does not know is left out.")
        elif op == TORN_OP:
            return None
        elif type(op) is str and op not in OPS:
            self._warn(f"{self.path}: line {self._line} is an entry of a newer Friedel ({op!r}) and was left out.")
        else:
            return self._decoded(body)
        return None

    def _decoded(self, body: dict[str, Any]) -> Entry | None:
        try:
            return decode(body, self._run, self._name)
        except (ValueError, TypeError, KeyError) as error:
            self._complain(self._line, str(error))
            return None

    def _unfinished(self, tail: bytes) -> list[Entry]:
        body = _parse(tail)
        if isinstance(body, str) or type(body.get("op")) is not str or body["op"] not in OPS:
            return []  # cut short, or still being written: no entry anybody was told is saved
        try:
            return [decode(body, self._run, self._name)]
        except (ValueError, TypeError, KeyError):
            return []

    def _complain(self, line: int, why: str) -> None:
        self._suspect = None
        self._n_bad += 1
        log.warning("%s: line %d is damaged: %s", self.path, line, why)
        if self._n_bad <= _MAX_WARNINGS:
            self.warnings.append(f"{self.path}: line {line} is damaged and was left out ({why}).")
        elif self._n_bad == _MAX_WARNINGS + 1:
            self.warnings.append(f"{self.path}: more lines are damaged; the log names them all.")

    def _warn(self, sentence: str) -> None:
        log.warning("%s", sentence)
        if sentence not in self.warnings and len(self.warnings) <= 2 * _MAX_WARNINGS:
            self.warnings.append(sentence)


def _parse_block(lines: list[bytes]) -> list[dict[str, Any] | str]:
    """The objects of several lines, or the reason where a line is none.

    One parse of the joined lines is much faster than one for each; it stands only if it gives as many objects as
    there are lines that look whole, and otherwise each is parsed by itself.
    """
    if all(line[:1] == b"{" and line[-1:] == b"}" for line in lines):
        try:
            bodies = json.loads(b"[" + b",".join(lines) + b"]")
        except (ValueError, RecursionError):
            bodies = []
        if len(bodies) == len(lines) and all(type(body) is dict for body in bodies):
            return bodies  # type: ignore[no-any-return]
    return [_parse(line) for line in lines]


def _parse(line: bytes) -> dict[str, Any] | str:
    try:
        body = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"
    return body if type(body) is dict else "it is no JSON object"


def run_line(run: RunKey, **more: object) -> dict[str, object]:
    """The body of a line that says which run the lines after it are about."""
    return {
        "v": NEWEST,
        "friedel": "labels",
        "op": RUN_OP,
        "run": run.digest,
        "n_frames": run.n_frames,
        "dataset": run.dataset,
        "shape": list(run.shape),
        "has_events": run.has_events,
        **more,
    }


def _run_of(body: dict[str, Any]) -> RunKey | None:
    try:
        height, width = body.get("shape", (0, 0))
        return RunKey(
            digest=str(body["run"]),
            n_frames=int(body["n_frames"]),
            dataset=str(body.get("dataset", "")),
            shape=(int(height), int(width)),
            has_events=bool(body.get("has_events", False)),
        )
    except (KeyError, TypeError, ValueError):
        return None
