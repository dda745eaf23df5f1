"""The orders frames can be walked through in, by name."""

from __future__ import annotations

FILE, TIME, CONFIDENCE, MAP, SELECTION = "file", "time", "confidence", "map", "selection"
COLUMN = "column:"
"""followed by a column's name"""

TITLES = {
    FILE: "as in the file",
    TIME: "time or event",
    CONFIDENCE: "least sure first",
    MAP: "most like this frame",
    SELECTION: "selected first",
}
