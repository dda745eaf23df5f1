"""Requests that the tests ask the service."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from app.jobs.arrays import MappedArray
from models.errors import BadParameter


def doubled(where: MappedArray) -> tuple[Any, str]:
    return 2 * where.open(), "twice"


def after(seconds: float, value: object) -> object:
    time.sleep(seconds)
    return value


def process_number() -> int:
    return os.getpid()


def refuse() -> None:
    raise BadParameter("this is refused", hint="ask otherwise")


def break_down() -> float:
    return 1 / 0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
