"""Programs that write HDF5 files while a test reads them: processes of their own, as detectors' writers are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WRITER = """
import sys

import h5py
import numpy as np

path, mode, events = sys.argv[1:]
file = h5py.File(path, "w", libver="latest" if mode != "old" else None)
group = file.create_group("entry_1/data_1")
frames = group.create_dataset("data", (0, 16, 20), "u2", maxshape=(None, 16, 20), chunks=(1, 16, 20))
trains = None
if events == "1":
    trains = file.create_dataset("entry_1/event_id", (0,), "u8", maxshape=(None,), chunks=(64,))
energy = file.create_dataset("entry_1/pulse_energy_mJ", (0,), "f8", maxshape=(None,), chunks=(64,))
if mode == "swmr":
    file.swmr_mode = True
written = 0
print("ready", flush=True)
for line in sys.stdin:
    if line == "close\\n":
        file.close()
        print("closed", flush=True)
        break
    for _ in range(int(line)):
        for dataset in (frames, energy, *([] if trains is None else [trains])):
            dataset.resize(written + 1, axis=0)
        frames[written] = written + 1
        energy[written] = written / 2
        if trains is not None:
            trains[written] = 7000 + 3 * written
        written += 1
        if mode != "lazy":
            for dataset in (frames, energy, *([] if trains is None else [trains])):
                dataset.flush()
            if mode == "old":
                file.flush()
    print(written, flush=True)
"""


class Writer:
    """Writes when told to, so that tests wait for nothing but what they asked for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._hear()

    def write(self, frames: int) -> None:
        """Write and flush that many frames; frame i holds i + 1 everywhere."""
        self._say(str(frames))

    def finish(self) -> None:
        """Close the file as a writer does that comes to its end."""
        self._say("close")
        self._process.wait(10)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def _say(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()
        self._hear()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "the writer is gone"


@contextmanager
def writing(path: Path, mode: str = "swmr", *, events: bool = True) -> Iterator[Writer]:
    """A process that has `path` open for writing.

    Args:
        mode: "swmr"; "lazy" (not SWMR, nothing flushed); "old" (not SWMR, flushed, in the format of HDF5 1.8).
        events: whether frames have identifiers (7000, 7003 …).
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), mode, str(int(events))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Writer(process)
    finally:
        process.kill()
        process.wait(10)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
