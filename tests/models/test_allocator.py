"""What is freed is kept for what is allocated next; a process of its own, as the setting is for good."""

from __future__ import annotations

import subprocess
import sys

import pytest

_FAULTS = """
import resource, sys, threading
from models.allocator import keep_freed_memory

kept = keep_freed_memory() if sys.argv[1] == "kept" else None

def work():
    def frame():
        for block in [bytearray(3_000_000) for _ in range(8)]:
            block[::4096] = bytes(len(block[::4096]))

    for _ in range(3):
        frame()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        frame()
    print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def _run(how: str) -> tuple[str, int]:
    done = subprocess.run([sys.executable, "-c", _FAULTS, how], capture_output=True, text=True, check=True)
    kept, faults = done.stdout.split()
    return kept, int(faults)


def test_large_arrays_are_made_of_memory_that_was_freed() -> None:
    kept, faults = _run("kept")
    if kept != "True":
        pytest.skip("the C library of this system has no mallopt")
    assert faults < 1000  # of 58 600 pages that were asked for


def test_without_it_every_page_is_asked_for_again() -> None:
    """What the module is for; where this fails it can go."""
    if not sys.platform.startswith("linux") or _run("kept")[0] != "True":
        pytest.skip("the C library of this system has no mallopt")
    assert _run("plain")[1] > 5000
