"""What a treatment says about masks: how the file's own is read, and the user's shapes, in order."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import BadParameter
from models.parameters import parameter

if TYPE_CHECKING:
    from models.runs.masks import MaskOverride

KINDS = ("rectangle", "ellipse", "polygon", "brush", "grow", "pixels")
"""What a shape can be; `models.masking.shapes` says which pixels each of them covers."""

_POINTS = {
    "rectangle": (4, 4),
    "ellipse": (4, 4),
    "polygon": (6, None),
    "brush": (2, None),
    "grow": (0, 0),
    "pixels": (0, 0),
}
_SAID_ONLY = ("name", "hidden", "path")


@dataclass(frozen=True, slots=True)
class MaskShape:
    """One step of the user's mask: pixels masked out, or used again. Later steps win.

    Attributes:
        kind: one of `KINDS`.
        use: False masks the shape's pixels out, True takes them into use again.
        points: positions in pixels (pixel centres at whole numbers), y before x. Rectangle: (y0, x0, y1, x1), edges.
            Ellipse: (centre y, centre x, radius y, radius x). Polygon: its corners; brush: its path.
        size_px: diameter of a brush; by how many pixels to grow the mask made so far (negative: shrink).
        mate_of: (y, x) of the beam where the shape's Friedel mate is covered as well, else None.
        path: NPY file (bool, (H, W), True = covered) of "pixels".
        digest: of those pixels (`models.masking.pixels`), so that a changed file is noticed.
        count: how many pixels they are.
        name: what the list calls it; where pixels came from.
        hidden: kept in the list without effect.
    """

    kind: str
    use: bool = False
    points: tuple[float, ...] = ()
    size_px: float = 0.0
    mate_of: tuple[float, float] | None = None
    path: str = ""
    digest: str = ""
    count: int = 0
    name: str = ""
    hidden: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadParameter(f"a mask's shape is {self.kind!r}", cause=f"it must be one of {', '.join(KINDS)}")
        object.__setattr__(self, "points", _numbers(self.points, f"the points of a {self.kind}"))
        if self.mate_of is not None:
            object.__setattr__(self, "mate_of", _numbers(self.mate_of, "the centre of Friedel mates"))
            if len(self.mate_of) != 2:
                raise BadParameter("the centre of Friedel mates is no (y, x)")
        object.__setattr__(self, "size_px", _numbers((self.size_px,), f"the size of a {self.kind}")[0])
        least, most = _POINTS[self.kind]
        count = len(self.points)
        if count < least or (most is not None and count > most) or count % 2:
            raise BadParameter(
                f"a mask's {self.kind} has {count} numbers for its points",
                cause=f"it needs {'exactly' if most == least else 'at least'} {least}, in pairs of y and x",
            )

    @property
    def does_nothing(self) -> bool:
        return self.hidden or (self.kind == "grow" and self.size_px == 0)


@dataclass(frozen=True, slots=True)
class MaskSettings:
    """Everything about masks that is the user's decision; by default nothing is.

    Attributes:
        inverted: the file's mask means the opposite of what was taken.
        ignored_bits: bits of the file's mask that do not make a pixel unusable.
        used_bits: bits of the file's mask that make one unusable although by their meaning they would not.
        shapes: the user's mask, step by step; JSON gives them back as dicts, which are taken as well.
        shape: (H, W) of the frames they were made on; None while there are none.
    """

    inverted: bool = parameter(False, "Whether the file's mask means the opposite of what was taken.")
    ignored_bits: int = parameter(
        0, "Bits of the file's mask that do not make a pixel unusable.", low=0, high=0xFFFFFFFF
    )
    used_bits: int = parameter(
        0, "Bits of the file's mask that make a pixel unusable although they should not.", low=0, high=0xFFFFFFFF
    )
    shapes: tuple[MaskShape, ...] = ()
    shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shapes", tuple(_shape(item) for item in self.shapes))
        if self.shape is not None:
            height, width = self.shape
            object.__setattr__(self, "shape", (int(height), int(width)))

    @property
    def reads_as_found(self) -> bool:
        """Whether the file's mask is taken as it was recognised."""
        return not self.inverted and not self.ignored_bits and not self.used_bits

    @property
    def override(self) -> MaskOverride | None:
        """How the file's masks are to be read, for `open_run`; None as they were recognised."""
        from models.runs.masks import MaskOverride

        if self.reads_as_found:
            return None
        return MaskOverride(inverted=self.inverted, ignored_bits=self.ignored_bits, used_bits=self.used_bits)

    @property
    def has_user_mask(self) -> bool:
        """Whether any shape has an effect."""
        return any(not shape.does_nothing for shape in self.shapes)

    @property
    def is_nothing(self) -> bool:
        return self.reads_as_found and not self.has_user_mask

    @property
    def digest(self) -> str:
        """16 hex digits of all that has an effect, names and places of files left out; "" where nothing is done."""
        if self.is_nothing:
            return ""
        told = dataclasses.asdict(self)
        told["shapes"] = [
            {key: value for key, value in dataclasses.asdict(shape).items() if key not in _SAID_ONLY}
            for shape in self.shapes
            if not shape.does_nothing
        ]
        if not told["shapes"]:
            told["shape"] = None
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def to_state(self) -> dict[str, Any]:
        """JSON-ready."""
        told = dataclasses.asdict(self)
        told["shapes"] = [_told(shape) for shape in self.shapes]
        return told

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> MaskSettings:
        """What `to_state` told.

        Raises:
            BadParameter: for anything else.
        """
        if not isinstance(state, Mapping):
            raise BadParameter("the mask's settings cannot be read", cause="they are no table of names and values")
        _known(cls, state)
        try:
            return cls(**state)
        except (TypeError, ValueError) as error:
            raise BadParameter("the mask's settings cannot be read", cause=str(error)) from error


def _told(shape: MaskShape) -> dict[str, Any]:
    """Only what differs from the default: brush strokes are many."""
    whole = dataclasses.asdict(shape)
    return {
        field.name: whole[field.name]
        for field in dataclasses.fields(shape)
        if field.default is dataclasses.MISSING or whole[field.name] != field.default
    }


def _shape(item: Any) -> MaskShape:
    if isinstance(item, MaskShape):
        return item
    if not isinstance(item, Mapping):
        raise BadParameter("a mask's shape cannot be read", cause=f"it is {type(item).__name__}, not a table")
    _known(MaskShape, item)
    try:
        return MaskShape(**item)
    except TypeError as error:
        raise BadParameter("a mask's shape cannot be read", cause=str(error)) from error


def _known(kind: type, values: Mapping[str, Any]) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    for name in values:
        if name not in names:
            raise BadParameter(f"unknown parameter {name!r}", cause=f"{kind.__name__} has {', '.join(names)}")


def _numbers(values: Any, what: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise BadParameter(f"{what} cannot be read", cause=str(error)) from error
    if not all(math.isfinite(number) for number in numbers):
        raise BadParameter(f"{what} cannot be used", cause="not all of them are finite")
    return numbers
