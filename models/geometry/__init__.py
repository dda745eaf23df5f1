"""Where a detector's pixels are: geometries of CrystFEL and of the run's own file, and frames assembled by them."""

from models.geometry.positioned import Positioned, make_geometry

__all__ = ["Positioned", "make_geometry"]
