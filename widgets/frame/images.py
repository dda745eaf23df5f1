"""From index arrays to Qt images."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtGui import QImage
from PyQt6.sip import voidptr

from models.display import ColourTable


def qt_colours(table: ColourTable) -> list[int]:
    """(256, 4) RGBA as Qt's 0xAARRGGBB words."""
    wide = table.astype(np.uint32)
    words: list[int] = ((wide[:, 3] << 24) | (wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2]).tolist()
    return words


def shared_image(pixels: npt.NDArray[Any]) -> QImage:
    """An image over the memory of (h, w) uint8 indices or (h, w, 4) uint8 RGBA, which must be C-contiguous.

    Nothing is copied: the array has to live as long as the image.
    """
    height, width = pixels.shape[:2]
    form = QImage.Format.Format_Indexed8 if pixels.ndim == 2 else QImage.Format.Format_RGBA8888
    memory: Any = voidptr(pixels.ctypes.data)
    return QImage(memory, width, height, pixels.strides[0], form)
