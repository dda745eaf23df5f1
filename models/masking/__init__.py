"""Masks beyond the file's own: what the user draws, imports and finds, as steps that can be done again."""

from __future__ import annotations

from models.masking.pixels import BadMask
from models.masking.raster import make_mask
from models.masking.settings import MaskSettings, MaskShape

__all__ = ["BadMask", "MaskSettings", "MaskShape", "make_mask"]
