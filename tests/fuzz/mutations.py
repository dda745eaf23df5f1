"""What is done to a file's bytes: cut, flipped, overwritten, repeated, left out, zeroed; and to lines of text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Change = Callable[[np.random.Generator, bytearray], str]

_HEADER = 4096
_LONGEST = 600
_TELLING = (0, 1, 0x7F, 0x80, 0xFF)


def mutate_bytes(rng: np.random.Generator, content: bytes) -> tuple[bytes, str]:
    """A damaged copy of some bytes, and what was done."""
    data = bytearray(content)
    done = []
    for _ in range(int(rng.integers(1, 4))):
        if not data:
            break
        change = _CHANGES[int(rng.integers(len(_CHANGES)))]
        done.append(change(rng, data))
    return bytes(data), ", ".join(done)


def _place(rng: np.random.Generator, size: int) -> int:
    """Somewhere in the file; every second time near its beginning, where the structure is."""
    end = min(size, _HEADER) if rng.random() < 0.5 else size
    return int(rng.integers(end))


def _cut(rng: np.random.Generator, data: bytearray) -> str:
    place = int(rng.integers(len(data)))
    del data[place:]
    return f"cut at {place}"


def _flip(rng: np.random.Generator, data: bytearray) -> str:
    count = int(rng.integers(1, 9))
    for _ in range(count):
        data[_place(rng, len(data))] ^= 1 << int(rng.integers(8))
    return f"{count} bits flipped"


def _overwrite(rng: np.random.Generator, data: bytearray) -> str:
    place = _place(rng, len(data))
    length = int(rng.integers(1, min(_LONGEST, len(data) - place) + 1))
    data[place : place + length] = rng.bytes(length)
    return f"{length} bytes at {place} overwritten"


def _set_word(rng: np.random.Generator, data: bytearray) -> str:
    """A number of 2, 4 or 8 bytes becomes one of those at which counters overflow."""
    place = _place(rng, len(data))
    length = int(rng.choice([2, 4, 8]))
    word = bytes([_TELLING[int(rng.integers(len(_TELLING)))]] * length)
    if rng.random() < 0.5:
        word = bytes([0xFF] * (length - 1) + [0x7F]) if rng.random() < 0.5 else bytes([1] + [0] * (length - 1))
    data[place : place + length] = word
    return f"{word.hex()} at {place}"


def _zero(rng: np.random.Generator, data: bytearray) -> str:
    place = _place(rng, len(data))
    length = int(rng.integers(1, min(_LONGEST, len(data) - place) + 1))
    data[place : place + length] = bytes(length)
    return f"{length} bytes at {place} zeroed"


def _repeat(rng: np.random.Generator, data: bytearray) -> str:
    place = _place(rng, len(data))
    length = int(rng.integers(1, _LONGEST))
    block = data[place : place + length]
    where = _place(rng, len(data))
    data[where:where] = block
    return f"{len(block)} bytes at {place} again at {where}"


def _leave_out(rng: np.random.Generator, data: bytearray) -> str:
    place = _place(rng, len(data))
    length = int(rng.integers(1, _LONGEST))
    del data[place : place + length]
    return f"{length} bytes at {place} left out"


def _swap(rng: np.random.Generator, data: bytearray) -> str:
    one, other = _place(rng, len(data)), _place(rng, len(data))
    length = int(rng.integers(1, 64))
    a, b = bytes(data[one : one + length]), bytes(data[other : other + length])
    data[one : one + len(b)] = b
    data[other : other + len(a)] = a
    return f"{length} bytes at {one} and {other} swapped"


def _append(rng: np.random.Generator, data: bytearray) -> str:
    length = int(rng.integers(1, _LONGEST))
    data += rng.bytes(length)
    return f"{length} bytes added"


_CHANGES: tuple[Change, ...] = (
    _cut,
    _flip,
    _flip,
    _overwrite,
    _set_word,
    _set_word,
    _zero,
    _repeat,
    _leave_out,
    _swap,
    _append,
)

_VALUES = (
    "",
    "nan",
    "-inf",
    "1e400",
    "99999999999999999999999999",
    "-1",
    "0",
    "0x10",
    "1,2,3",
    "+x",
    "x y z",
    "-0.5x+1e308y",
    "/no/such/place",
    "µ½中\U0001f600",
    "%",
    "1 2 3 4 5 6 7 8 9",
    "1000000000",
    "2147483648",
    "fs",
    "true",
    "\x00",
    "=",
    "9" * 5000,
)
_KEYS = (
    "dim0",
    "dim-1",
    "dim99999999",
    "dim",
    "bad",
    "badrow/min_x",
    "mask_bad",
    "mask0_file",
    "rigid_group_q",
    "clen",
    "photon_energy",
    "res",
    "adu_per_photon",
    "p0/fs",
    "p0/max_ss",
    "/",
    "p0/",
    "/min_fs",
    "é/corner_x",
    "data",
    "group_all",
)


def mutate_text(rng: np.random.Generator, content: bytes) -> tuple[bytes, str]:
    """A damaged copy of lines like "key = value", and what was done."""
    lines = content.split(b"\n")
    done = []
    for _ in range(int(rng.integers(1, 6))):
        place = int(rng.integers(len(lines)))
        kind = int(rng.integers(7))
        value = _VALUES[int(rng.integers(len(_VALUES)))].encode()
        key, sign, _ = lines[place].partition(b"=")
        if kind == 0:
            lines[place] = key + b"= " + value
            done.append(f"line {place} is {value[:20]!r}")
        elif kind == 1:
            del lines[place : place + int(rng.integers(1, 8))]
            lines = lines or [b""]
            done.append(f"line {place} left out")
        elif kind == 2:
            lines.insert(place, _KEYS[int(rng.integers(len(_KEYS)))].encode() + b" = " + value)
            done.append(f"line {place} new")
        elif kind == 3:
            lines[place] = key
            done.append(f"line {place} without its value")
        elif kind == 4:
            other = int(rng.integers(len(lines)))
            lines[place], lines[other] = lines[other], lines[place]
            done.append(f"lines {place} and {other} swapped")
        elif kind == 5:
            lines[place] = key + sign + bytes(rng.integers(1, 256, 40, np.uint8))
            done.append(f"line {place} is junk")
        else:
            digits = bytes(rng.integers(48, 58, int(rng.integers(1, 30)), np.uint8))
            lines[place] = key + b"= " + digits
            done.append(f"line {place} is {digits.decode()}")
    return b"\n".join(lines), ", ".join(done)
