"""What the verbs share on a terminal: a progress bar on stderr and one report on stdout."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Mapping
from typing import Any, TextIO, TypeVar

from models.files.disk import not_saved
from models.progress import Progress, drain

R = TypeVar("R")
_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 10.0
_BAR_CELLS = 24


def follow(work: Generator[Progress, None, R], title: str, stream: TextIO | None = None) -> R:
    """Run `work` to its end with a progress bar on stderr; gives its result.

    On a terminal one line is redrawn; into a file a line is written every ten seconds and at the end, so that a batch
    log stays short.
    """
    bar = _Bar(title, sys.stderr if stream is None else stream)
    try:
        result = drain(work, bar.show)
    finally:
        bar.close()
    return result


class _Bar:
    def __init__(self, title: str, stream: TextIO) -> None:
        self._title = title
        self._stream = stream
        self._terminal = stream.isatty()
        self._began = time.monotonic()
        self._drawn = -1e9
        self._last: Progress | None = None

    def show(self, progress: Progress) -> None:
        self._last = progress
        now = time.monotonic()
        if now - self._drawn < (_REDRAW_SECONDS if self._terminal else _LINE_SECONDS):
            return
        self._drawn = now
        self._write(progress)

    def close(self) -> None:
        if self._last is None:
            return
        self._write(self._last)
        if self._terminal:
            self._stream.write("\n")
        self._stream.flush()

    def _write(self, progress: Progress) -> None:
        line = self._line(progress)
        if self._terminal:
            self._stream.write(f"\r\x1b[K{line}")
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _line(self, progress: Progress) -> str:
        parts = [self._title]
        fraction = progress.fraction
        if fraction is not None:
            full = round(fraction * _BAR_CELLS)
            parts.append(f"[{'#' * full}{'.' * (_BAR_CELLS - full)}] {100 * fraction:3.0f} %")
        counted = f"{progress.done:,}" + (f" of {progress.total:,}" if progress.total else "")
        parts.append(f"{counted} {progress.unit}".replace(",", " ").rstrip())
        if progress.message:
            parts.append(progress.message)
        elapsed = time.monotonic() - self._began
        if fraction and fraction < 1 and elapsed > 1:
            parts.append(f"{clock(elapsed / fraction - elapsed)} left")
        elif fraction == 1 or fraction is None:
            parts.append(f"in {clock(elapsed)}")
        return "  ".join(parts)


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def report(values: Mapping[str, Any], as_json: bool) -> None:
    """Print one report on stdout: a JSON object, or aligned lines for people.

    Raises:
        NotSaved: stdout is a file and the disk refuses.
    """
    if as_json:
        text = json.dumps(values, ensure_ascii=False, allow_nan=False)
    else:
        width = max((len(name) for name in values), default=0)
        text = "\n".join(
            f"{name if number == 0 else '':<{width}}  {line}"
            for name, value in values.items()
            for number, line in enumerate(_lines(value))
        )
    try:
        print(text, flush=True)
    except OSError as error:
        _discard_stdout()
        # The reader of our output (head, a closed pager) may go away: that is its choice, not an error.
        if not isinstance(error, BrokenPipeError):
            raise not_saved("The report was not printed", error) from error


def _discard_stdout() -> None:
    """Let what is left in the buffer go nowhere, or Python would stumble over it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _lines(value: Any) -> list[str]:
    if value is None:
        return ["unknown"]
    if isinstance(value, Mapping):
        return [f"{key}: {item}" for key, item in value.items()] or ["none"]
    if isinstance(value, list | tuple):
        return [str(item) for item in value] or ["none"]
    if isinstance(value, float):
        return [f"{value:.6g}"]
    return [str(value)]
