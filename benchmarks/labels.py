"""Labels on disk: nothing acknowledged is ever lost, and it costs little. `python -m benchmarks.labels`

(a) A process labels as fast as it can through the real journal and says on a pipe what it would show as saved; it is
killed (SIGKILL) at a random moment, round after round on the same run, and every label it said was saved must be
there. (b) From the key to the disk, CPU per label, and replay of a long journal.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import NotSaved
from models.runs.types import Column, Geometry, RunIdentity
from models.workspace import Labels, SavedEntry, Workspace, open_workspace
from models.workspace.entries import RunKey, encode, line
from models.workspace.journal import PATTERN, JournalReader, run_line

N_FRAMES = 20_000
_ROOT = Path(__file__).resolve().parents[1]


@dataclass
class BareRun:
    """All that a workspace needs to know of a run."""

    path: Path
    n: int = N_FRAMES
    name: str = "r0001"
    dataset: str = "/entry_1/data_1/data"
    shape: tuple[int, int] = (64, 64)
    unit: str = ""
    geometry: Geometry = field(default_factory=Geometry)
    columns: Mapping[str, Column] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.dtype: np.dtype[Any] = np.dtype(np.uint16)
        self.mask = np.ones(self.shape, dtype=np.bool_)
        self.events = [f"{1000 + i // 64}:{i % 64}" for i in range(self.n)]
        self.identity = RunIdentity("00c0ffee00c0ffee", self.n)

    def __len__(self) -> int:
        return self.n

    def load(self, index: int) -> Any:
        raise NotImplementedError

    frame = read = load

    def close(self) -> None:
        pass


def workspace(folder: Path, annotator: str = "ada") -> Workspace:
    return open_workspace(BareRun(folder / "r0001.cxi"), annotator, folder / "user data")


def label_until_killed(folder: Path, seed: int) -> None:
    """The process that is killed: labels by key, by lasso and undoes, and says on its output what is saved."""
    dice = random.Random(seed)
    space = workspace(folder)
    room = threading.Semaphore(32)

    def say(outcome: SavedEntry | NotSaved) -> None:
        if isinstance(outcome, SavedEntry):
            os.write(1, f"{outcome.entry.id}\n".encode())
            room.release()

    space.on_saved(say)
    names = space.labels.class_names
    while True:
        room.acquire()
        what = dice.random()
        if what < 0.05 and space.labels.can_undo:
            space.labels.undo()
        elif what < 0.10:
            start = dice.randrange(N_FRAMES // 2)
            space.labels.set(np.arange(start, start + dice.choice([3, 900, 5000])), dice.choice(names), "lasso")
        else:
            space.labels.set(dice.randrange(N_FRAMES), dice.choice(names))


@dataclass(frozen=True)
class KillReport:
    """What the rounds found.

    Attributes:
        rounds: processes killed.
        acknowledged: labels that were said to be saved, in all rounds.
        lost: those that were not there afterwards.
        unsaid: entries found that had not been said to be saved yet (allowed).
        torn: lines cut short by a kill.
        unreadable: complaints of the reader.
    """

    rounds: int
    acknowledged: int
    lost: int
    unsaid: int
    torn: int
    unreadable: int


def kill_rounds(folder: Path, rounds: int, seed: int = 1) -> KillReport:
    """Label and kill, `rounds` times on the same run, and look after each kill."""
    dice = random.Random(seed)
    said: set[str] = set()
    lost = complaints = 0
    found: set[str] = set()
    for n in range(rounds):
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.labels", "--child", str(folder), str(seed * 1000 + n)],
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )
        assert child.stdout is not None
        said.add(child.stdout.readline().decode().strip())
        time.sleep(dice.uniform(0, 0.15))
        child.send_signal(signal.SIGKILL)
        # What was in the pipe when the process died had been shown.
        said.update(child.stdout.read().decode().split("\n")[:-1])
        child.wait()
        after = workspace(folder)
        found = {entry.id for entry in after.labels.entries}
        lost += len(said - found)
        complaints += len(after.warnings)
        after.close()
    journals = sorted(folder.rglob(PATTERN))
    torn = sum(path.read_bytes().count(b'"op":"torn"') for path in journals)
    return KillReport(rounds, len(said), lost, len(found - said), torn, complaints)


Times = np.ndarray[Any, Any]


def latencies(folder: Path, n: int = 1000) -> tuple[Times, Times, float]:
    """Milliseconds from each key to its label on disk, one at a time, and of a bare append and `fsync` of a line of
    the same length, in turn, as the disk's mood changes; and the CPU milliseconds of a label."""
    space = workspace(folder, "bob")
    saved = threading.Event()
    at = [0.0]

    def note(outcome: SavedEntry | NotSaved) -> None:
        at[0] = time.perf_counter()
        saved.set()

    space.on_saved(note)
    handle = os.open(folder / "floor", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    took, bare, cpu = [], [], 0.0
    for i in range(n):
        saved.clear()
        cpu -= time.process_time()
        began = time.perf_counter()
        space.labels.set(i % N_FRAMES, "single")
        saved.wait()
        took.append((at[0] - began) * 1e3)
        cpu += time.process_time()
        began = time.perf_counter()
        os.write(handle, b"x" * 150 + b"\n")
        os.fsync(handle)
        bare.append((time.perf_counter() - began) * 1e3)
    os.close(handle)
    space.close()
    return np.array(took), np.array(bare), cpu / n * 1e3


def replay(folder: Path, n: int = 100_000, n_frames: int = 1_000_000) -> tuple[float, float, float]:
    """CPU seconds for a journal of `n` labels: `json.loads` of each line, reading it, reading it into labels.

    The best of three each, so that what else the machine does counts less.
    """
    run = BareRun(folder / "long.cxi", n_frames)
    key = RunKey(run.identity.digest, n_frames, run.dataset, run.shape, has_events=True)
    labels = Labels(key, run.events, annotator="ada")
    dice = np.random.default_rng(1)
    for frame in dice.integers(0, n_frames, n).tolist():
        labels.set(frame, labels.class_names[frame % 4])
    path = folder / "labels-ada@long.jsonl"
    path.write_bytes(line(run_line(key)) + b"".join(encode(entry) for entry in labels.entries))
    lines = path.read_bytes().splitlines()
    times: list[tuple[float, float, float]] = []
    for _ in range(3):
        began = time.process_time()
        for text in lines:
            json.loads(text)
        bare = time.process_time() - began
        began = time.process_time()
        entries = JournalReader(path).read_new()
        parsed = time.process_time() - began
        again = Labels(key, run.events, annotator="ada")
        again.merge(entries)
        times.append((bare, parsed, time.process_time() - began))
        assert (again.codes == labels.codes).all()
    loads, reads, replays = zip(*times, strict=True)
    return min(loads), min(reads), min(replays)


def in_memory(n_frames: int = 1_000_000) -> tuple[float, float, float]:
    """CPU milliseconds in a run of 10⁶ frames: one label, a lasso around 10⁵ frames, and undoing that lasso."""
    key = RunKey("d", n_frames, "/data", (64, 64))
    labels = Labels(key, None, annotator="ada")
    began = time.process_time()
    for i in range(2000):
        labels.set(i * 7, "single")
    one = (time.process_time() - began) / 2000 * 1e3
    frames = np.sort(np.random.default_rng(1).choice(n_frames, 100_000, replace=False))
    lasso, undo = [], []
    for _ in range(5):
        began = time.process_time()
        labels.set(frames, "multi", "lasso")
        lasso.append((time.process_time() - began) * 1e3)
        began = time.process_time()
        labels.undo()
        undo.append((time.process_time() - began) * 1e3)
    return one, statistics.median(lasso), statistics.median(undo)


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        label_until_killed(Path(sys.argv[2]), int(sys.argv[3]))
    with tempfile.TemporaryDirectory(dir=os.environ.get("FRIEDEL_BENCH_DIR")) as name:
        folder = Path(name)
        report = kill_rounds(folder, 50)
        took, bare, cpu = latencies(folder)
        loads, parsed, replayed = replay(folder)
        one, lasso, undo = in_memory()
    print("## Labels\n")
    print("SIGKILL during rapid labelling, at random moments, round after round on one run:\n")
    print(
        "| rounds | labels said to be saved | of these lost | on disk, not yet said | lines cut short | unreadable |"
    )
    print("|---|---|---|---|---|---|")
    print(
        f"| {report.rounds} | {report.acknowledged} | **{report.lost}** | {report.unsaid} | {report.torn} | "
        f"**{report.unreadable}** |\n"
    )
    print("| from the key to the disk (wall time, 1000 labels) | median ms | 95 % ms |")
    print("|---|---|---|")
    for what, values in (("a label, `fsync` and all", took), ("floor: bare append and `fsync`", bare)):
        print(f"| {what} | {np.median(values):.2f} | {np.percentile(values, 95):.2f} |")
    print(f"\n{'| what | CPU |'}\n|---|---|")
    print(f"| one label, to disk | {cpu:.2f} ms |")
    print(f"| one label in memory, run of 10⁶ frames | {one:.3f} ms |")
    print(f"| lasso around 10⁵ scattered frames of 10⁶, in memory | {lasso:.1f} ms |")
    print(f"| undoing that lasso | {undo:.1f} ms |")
    print(f"| floor: `json.loads` of 10⁵ labels, line by line | {loads:.2f} s |")
    print(f"| reading a journal of 10⁵ labels | {parsed:.2f} s |")
    print(f"| the same, as labels of 10⁶ frames | {replayed:.2f} s |")
    return 1 if report.lost or report.unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
