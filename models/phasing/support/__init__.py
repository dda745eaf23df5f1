"""Where the object may be: first supports, their updates, and shapes drawn by hand.

Functions on numpy arrays, two- or three-dimensional. Supports and objects are taken as periodic, so that what is true
of an array with its middle at index n // 2 is as true of one in FFT order; where the middle matters the function says
so.
"""

from models.phasing.support.autocorrelation import (
    AutocorrelationFit,
    autocorrelation,
    estimate_area,
    fit_autocorrelation,
)
from models.phasing.support.first import autocorrelation_support, disc, first_support, within_estimate
from models.phasing.support.moves import fill_holes, half_support, middle_of, recentre, without_specks
from models.phasing.support.shapes import ellipse, polygon
from models.phasing.support.update import SupportUpdate, area_target, blur_px, shrink_wrap, update_support

__all__ = [
    "AutocorrelationFit",
    "SupportUpdate",
    "area_target",
    "autocorrelation",
    "autocorrelation_support",
    "blur_px",
    "disc",
    "ellipse",
    "estimate_area",
    "fill_holes",
    "first_support",
    "fit_autocorrelation",
    "half_support",
    "middle_of",
    "polygon",
    "recentre",
    "shrink_wrap",
    "update_support",
    "within_estimate",
    "without_specks",
]
