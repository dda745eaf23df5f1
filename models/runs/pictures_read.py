"""Pixels of EDF, CBF and ADSC files, decoded by fabio, whose complaints are taken for what they are: lost pixels.

fabio is an optional extra ("pictures"). It reads a file that was cut short as far as it goes, fills the rest with
zeros and says so only in its log.
"""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import logging
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen
from models.runs.hdf5.file import size_text
from models.runs.memory import memory_bytes
from models.runs.pictures_header import ADSC, CBF, CBF_BINARY, EDF, PictureHeader, read_picture_header

_MOST_UNPACKED_SHARE = 0.25
_STEP = 1 << 20
_LONGEST_COMPLAINT = 200
_CBF_SECTION = b"--CIF-BINARY-FORMAT-SECTION--"
_CBF_LONGEST_TEXT = 8192  # fabio looks no further


def require_fabio(what: str, kind: str) -> None:
    """Raises CannotOpen where fabio is not installed; `what` begins the sentence."""
    if importlib.util.find_spec("fabio") is None:
        raise CannotOpen(
            what,
            cause=f"{kind} files are read by the Python package fabio, which is not installed",
            hint="Install it: pip install fabio",
        )


def is_packed(path: Path) -> bool:
    """Whether a file's name says that it is packed with gzip or bzip2."""
    return path.suffix.lower() in (".gz", ".bz2")


def unpacked(path: Path) -> bytes:
    """The content of a file packed with gzip or bzip2.

    Raises:
        OSError: it is damaged, or larger than a quarter of the machine's memory.
    """
    limit = int(_MOST_UNPACKED_SHARE * memory_bytes())
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else bz2.open
    parts: list[bytes] = []
    length = 0
    try:
        with opener(path, "rb") as file:
            while part := file.read(_STEP):
                parts.append(part)
                length += len(part)
                if length > limit:
                    raise OSError(f"unpacked it is larger than {size_text(limit)}")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(f"its packed data are damaged or cut short ({error})") from error
    return b"".join(parts)


def picture_bytes(path: Path) -> io.BytesIO | None:
    """The content of a packed file, None where the file is not packed and can be read in place."""
    return io.BytesIO(unpacked(path)) if is_packed(path) else None


def read_picture(path: Path, start: int = 0) -> npt.NDArray[Any]:
    """(H, W) pixels of the picture whose block begins at `start`.

    Raises:
        OSError: damaged or cut short.
        ValueError: no such picture.
    """
    with picture_bytes(path) or path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        header = read_picture_header(file, start)
        if missing := header.missing_bytes(size):
            raise OSError(f"the file is incomplete ({missing} bytes are missing)")
        file.seek(start)
        # CBF ends in a MIME line behind its data.
        block = file.read() if header.kind == CBF else file.read(header.end - start)
    return _decode(block, header, path.name)


def _decode(block: bytes, header: PictureHeader, name: str) -> npt.NDArray[Any]:
    from fabio.adscimage import AdscImage
    from fabio.cbfimage import CbfImage
    from fabio.edfimage import EdfImage
    from fabio.fabioutils import BytesIO

    if header.kind == CBF:
        _require_binary_section(block)
    decoder = {EDF: EdfImage, CBF: CbfImage, ADSC: AdscImage}[header.kind]
    with _complaints() as said:
        try:
            pixels = np.asarray(decoder().read(BytesIO(block, name)).data)
        except Exception as error:  # damaged files raise all kinds
            why = said[0] if said else str(error) or type(error).__name__
            raise OSError(f"its data are damaged ({why[:_LONGEST_COMPLAINT]})") from error
    if said:
        raise OSError(f"its data are damaged ({said[0][:_LONGEST_COMPLAINT]})")
    return pixels


def _require_binary_section(block: bytes) -> None:
    """Raises OSError where fabio would look for the beginning of CBF's binary data without end."""
    section = block.find(_CBF_SECTION, 0, _CBF_LONGEST_TEXT)
    if section < 0 or block.find(CBF_BINARY, section) < 0:
        raise OSError("its data are damaged (the binary section has no beginning)")


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What fabio writes into its log, in this thread, while the block runs; it reaches no other log."""
    said: list[str] = []
    thread = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread and "DEPREC" not in record.name.upper():
                said.append(record.getMessage())

    log, listener = logging.getLogger("fabio"), Listener(logging.WARNING)
    level, propagates = log.level, log.propagate
    log.addHandler(listener)
    log.setLevel(logging.WARNING)
    log.propagate = False
    try:
        yield said
    finally:
        log.removeHandler(listener)
        log.setLevel(level)
        log.propagate = propagates
