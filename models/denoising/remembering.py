"""What a frame says of itself is worked out once, however often it is denoised with other parameters."""

from __future__ import annotations

import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

_KEPT = 4


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """A function of arrays and plain values that keeps its last few answers.

    It must depend on its arguments alone, and nobody may change what it gives. Arrays are told apart by a 128-bit
    digest of their bytes, which takes a hundredth of what is done with them here.
    """
    answers: OrderedDict[tuple[object, ...], R] = OrderedDict()

    @functools.wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        key = (*map(_key, args), *((name, _key(value)) for name, value in sorted(kwargs.items())))
        try:
            found = answers.pop(key)
        except KeyError:
            found = function(*args, **kwargs)
        answers[key] = found
        while len(answers) > _KEPT:
            try:
                answers.popitem(last=False)
            except KeyError:  # another thread was here
                break
        return found

    return ask


def _key(value: object) -> object:
    if not isinstance(value, np.ndarray):
        return value
    digest = hashlib.blake2b(value.tobytes(), digest_size=16).digest()
    return value.shape, value.dtype.str, digest
