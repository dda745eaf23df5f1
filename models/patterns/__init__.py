"""From a frame, or a bare file, to a pattern that phasing and denoising take."""

from models.patterns.settings import PatternSettings
from models.patterns.types import Pattern, Step

__all__ = ["Pattern", "PatternSettings", "Step"]
