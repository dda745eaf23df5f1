"""Generators that tests run in worker processes."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path

from models.errors import BadParameter, FriedelError
from models.progress import Progress


def count(to: int) -> Generator[Progress, None, int]:
    for number in range(to):
        yield Progress(done=number + 1, total=to, unit="steps")
    return to * 10


def priority() -> Generator[Progress, None, int]:
    yield Progress(done=1, total=1)
    return os.nice(0)


def endless(closed: str) -> Generator[Progress, None, None]:
    number = 0
    try:
        while True:
            number += 1
            yield Progress(done=number)
            time.sleep(0.005)
    finally:
        Path(closed).write_text("closed")


def obey() -> Generator[Progress, str | None, list[str]]:
    """Collects what it is told until that is "enough"."""
    heard: list[str] = []
    while not heard or heard[-1] != "enough":
        said = yield Progress(done=len(heard))
        if said is not None:
            heard.append(said)
        time.sleep(0.002)
    return heard


def deaf() -> Generator[Progress, None, None]:
    yield Progress(done=1)
    time.sleep(60)
    yield Progress(done=2)


def refuse() -> Generator[Progress, None, None]:
    yield Progress(done=1)
    raise BadParameter("eps is -1", cause="it must be positive", hint="Choose 0.1")


def stumble() -> Generator[Progress, None, None]:
    yield Progress(done=1)
    raise ZeroDivisionError("by nothing")


def die() -> Generator[Progress, None, None]:
    yield Progress(done=1)
    os._exit(9)


def is_there(path: str) -> Generator[Progress, None, bool]:
    yield Progress(done=1)
    return Path(path).exists()


def slow_features(*_args: object) -> Generator[Progress, None, str]:
    for done in range(0, 1000):
        time.sleep(0.05)
        yield Progress(done=done, total=1000, unit="frames")
    return ""


def failing_features(*_args: object) -> Generator[Progress, None, str]:
    yield Progress(done=0)
    raise FriedelError("No features", cause="the detector is upside down")


def slow_adaptation(*_args: object) -> Generator[Progress, None, str]:
    for step in range(1000):
        time.sleep(0.05)
        yield Progress(done=step, total=1000, unit="steps")
    return ""


def quick_adaptation(*_args: object) -> Generator[Progress, None, str]:
    for step in range(3):
        yield Progress(done=step, total=3, unit="steps")
    return "adapted-1.safetensors"
