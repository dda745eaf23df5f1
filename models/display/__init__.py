"""What turns a frame into something to look at, without a screen."""

from models.display.colour_tables import COLOUR_MAPS, ColourTable, colour_table, colours_at
from models.display.levels import Histogram, auto_levels, histogram
from models.display.picture import Picture, prepare
from models.display.pooling import max_pool, sum_pool
from models.display.scaling import LARGEST_LEVEL, Levels, Scaling, from_unit, to_unit
from models.display.settings import DisplaySettings
from models.display.thumbnails import thumbnail
from models.display.ticks import format_value, ticks

__all__ = [
    "COLOUR_MAPS",
    "LARGEST_LEVEL",
    "ColourTable",
    "DisplaySettings",
    "Histogram",
    "Levels",
    "Picture",
    "Scaling",
    "auto_levels",
    "colour_table",
    "colours_at",
    "format_value",
    "from_unit",
    "histogram",
    "max_pool",
    "prepare",
    "sum_pool",
    "thumbnail",
    "ticks",
    "to_unit",
]
