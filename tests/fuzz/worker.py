"""One process that makes mutants and tries them. It may crash or hang: whoever started it then starts another."""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import importlib
import os
import resource
import shutil
import time
import traceback
import warnings
import zlib
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from tests.fuzz.mutations import mutate_bytes, mutate_text
from tests.fuzz.seeds import Seed

TRIAL_SECONDS = 4.0
"""How long a trial in a process of its own may take; the window gives it longer."""
HDF5 = b"\x89HDF\r\n\x1a\n"
_LARGEST = 1 << 18
MEMORY = 4 << 30
"""Bytes of address space a worker may have: what takes more is told from what only says that it would."""


@dataclass(frozen=True, slots=True)
class Made:
    """A mutant lies in the worker's folder and is about to be tried."""

    recipe: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it; `seconds` is wall-clock time without making the mutant, `faults` are tracebacks and such."""

    opened: bool
    frames: int
    unreadable: int
    faults: tuple[str, ...]
    modified: bool
    seconds: float
    held: str


def work(pipe: Connection, folder: Path, seeds: list[Seed], run_seed: int, probing: bool, subject: str) -> None:
    """Answer every (number of the seed, number of the mutant) with a `Made` and a `Tried`, until the pipe closes."""
    os.setsid()  # whoever ends this process ends those it has started with it
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.filterwarnings("error", category=RuntimeWarning, module="models")
    log = log_of(folder).open("w")
    os.dup2(log.fileno(), 2)  # libraries have much to say about damaged files
    faulthandler.enable()
    from models.runs.probe import Prober

    tries = importlib.import_module(subject)
    prober = Prober(limit_s=TRIAL_SECONDS) if probing else None
    if prober is not None:
        prober.warm()
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            which, number = pipe.recv()
            seed = seeds[which]
            rng = np.random.default_rng([run_seed, zlib.crc32(seed.name.encode()), number])
            try:
                recipe = make_mutant(seed, rng, folder)
            except Exception:  # noqa: BLE001 (the fuzzer's own mistakes must be seen and not end it)
                recipe = f"not made: {traceback.format_exc()}"
            before = fingerprint(folder)
            pipe.send(Made(recipe, before))
            begin = time.monotonic()
            path = folder / seed.opened
            tried = tries.try_geometry(path) if seed.is_geometry else tries.try_run(path, rng, seed.dataset, prober)
            seconds = time.monotonic() - begin
            faults = [*tried.faults, *([recipe] if recipe.startswith("not made") else [])]
            changed = fingerprint(folder) != before
            pipe.send(
                Tried(tried.opened, tried.frames, tried.unreadable, tuple(faults), changed, seconds, tried.held)
            )


def log_of(folder: Path) -> Path:
    """What a worker writes to its standard error goes here."""
    return folder.with_suffix(".log")


def fingerprint(folder: Path) -> str:
    """Names, contents and times of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.name}\0{path.lstat().st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def make_mutant(seed: Seed, rng: np.random.Generator, folder: Path) -> str:
    """Write a mutant of `seed` into `folder`, in place of what lies there; what was done to it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = dict(seed.files)
    recipes = []
    hdf5 = [name for name, content in sorted(files.items()) if HDF5 in content[:1024] and len(content) < _LARGEST]
    if seed.opened in hdf5 and rng.random() < 0.7:
        hdf5 = [seed.opened]
    structural = bool(hdf5) and rng.random() < 0.6
    if not structural:
        names = sorted(files)
        name = seed.opened if seed.opened and rng.random() < 0.7 else names[int(rng.integers(len(names)))]
        mutate = mutate_text if seed.is_geometry and rng.random() < 0.8 else mutate_bytes
        files[name], recipe = mutate(rng, files[name])
        recipes.append(f"{name}: {recipe}")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if structural:
        from tests.fuzz.structures import mutate_structure

        name = hdf5[int(rng.integers(len(hdf5)))]
        recipes.append(f"{name}: {mutate_structure(rng, str(folder / name))}")
        if rng.random() < 0.1:
            damaged, recipe = mutate_bytes(rng, (folder / name).read_bytes())
            (folder / name).write_bytes(damaged)
            recipes.append(recipe)
    return "; ".join(recipes)
