"""What a schedule is made of: blocks, repetitions, and the names and parameters a block may have.

A parameter of a block is a setting that holds in that block only; its range is the setting's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.errors import BadParameter
from models.parameters import ParameterInfo, describe
from models.phasing.settings import PhasingSettings

Value = float | bool | str

ITERATIVE = ("ER", "HIO", "RAAR", "DM", "RRR", "ML", "TWIN")
INSTANT = ("SW", "CENTRE")
ALGORITHMS = ITERATIVE + INSTANT
ALIASES: Mapping[str, str] = {"CENTER": "CENTRE"}

_CONSTRAINTS: Mapping[str, tuple[str, ...]] = {
    "object": ("object",),
    "phase_low": ("phase_low_rad",),
    "phase_high": ("phase_high_rad",),
    "margin": ("margin_sigma",),
}
_FEEDBACK: Mapping[str, tuple[str, ...]] = {"beta": ("beta",), **_CONSTRAINTS}
_UPDATE: Mapping[str, tuple[str, ...]] = {
    "threshold": ("threshold",),
    "of": ("threshold_of",),
    "blur": ("blur_start_px", "blur_end_px"),
    "area": ("area_low", "area_high"),
    "area_low": ("area_low",),
    "area_high": ("area_high",),
    "fill_holes": ("fill_holes",),
}
# Algorithm → its parameters → the settings each of them stands for.
PARAMETERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ER": _CONSTRAINTS,
    "HIO": _FEEDBACK,
    "RAAR": _FEEDBACK,
    "DM": _FEEDBACK,
    "RRR": _FEEDBACK,
    "TWIN": _FEEDBACK,
    "ML": _CONSTRAINTS,
    "SW": _UPDATE,
    "CENTRE": {},
}
_SETTINGS: Mapping[str, ParameterInfo] = {info.name: info for info in describe(PhasingSettings)}


def setting_of(algorithm: str, parameter: str) -> ParameterInfo:
    """The setting that says which values a block's parameter may have (`area`: the tighter of its two)."""
    return _SETTINGS[PARAMETERS[algorithm][parameter][-1]]


@dataclass(frozen=True, slots=True)
class Block:
    """One step of a schedule.

    Attributes:
        algorithm: one of `ALGORITHMS`. iterations: how many; 0 for SW and CENTRE, which happen at once.
        parameters: (name, value) in the order written, names as in `PARAMETERS[algorithm]`.
    """

    algorithm: str
    iterations: int = 0
    parameters: tuple[tuple[str, Value], ...] = ()

    def applied(self, settings: PhasingSettings) -> PhasingSettings:
        """The settings that hold in this block: its own parameters before those of the reconstruction."""
        if not self.parameters:
            return settings
        changes: dict[str, Value] = {}
        for name, value in self.parameters:
            changes |= dict.fromkeys(PARAMETERS[self.algorithm][name], value)
            if name == "area":
                changes["threshold_of"] = "area"
            elif name == "threshold" and settings.threshold_of == "area":
                # A share of the largest modulus is what somebody who writes a threshold and nothing else means.
                changes.setdefault("threshold_of", "max")
        return dataclasses.replace(settings, **changes)  # type: ignore[arg-type]

    def __str__(self) -> str:
        text = f"{self.iterations} {self.algorithm}" if self.algorithm in ITERATIVE else self.algorithm
        if self.parameters:
            text += "(" + ", ".join(f"{name}={value_text(value)}" for name, value in self.parameters) + ")"
        return text


@dataclass(frozen=True, slots=True)
class Repeat:
    """`count` times the same parts; count ≥ 2."""

    count: int
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return f"{self.count}*({parts_text(self.parts)})"


Part = Block | Repeat


def value_text(value: Value) -> str:
    """A parameter's value as a schedule writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.replace(" ", "_")
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def parts_text(parts: Sequence[Part]) -> str:
    return " + ".join(map(str, parts))


def block_count(parts: Sequence[Part]) -> int:
    """Blocks after writing out all repetitions."""
    return sum(p.count * block_count(p.parts) if isinstance(p, Repeat) else 1 for p in parts)


def iteration_count(parts: Sequence[Part]) -> int:
    return sum(p.count * iteration_count(p.parts) if isinstance(p, Repeat) else p.iterations for p in parts)


def unrolled(parts: Sequence[Part]) -> Iterator[Block]:
    """All blocks in the order they are run."""
    for part in parts:
        if isinstance(part, Repeat):
            for _ in range(part.count):
                yield from unrolled(part.parts)
        else:
            yield part


def repeated(count: int, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """`count` times `parts`, as parts: nothing for 0, themselves for 1."""
    if count == 0:
        return ()
    return parts if count == 1 else (Repeat(count, parts),)


def first_blocks(parts: Sequence[Part], count: int) -> tuple[Part, ...]:
    """The parts that make up the first `count` blocks, repetitions kept together where they are whole."""
    found: list[Part] = []
    for part in parts:
        if count <= 0:
            break
        if isinstance(part, Block):
            found.append(part)
            count -= 1
            continue
        size = block_count(part.parts)
        whole = min(part.count, count // size)
        found += repeated(whole, part.parts)
        count -= whole * size
        if whole < part.count:
            found += first_blocks(part.parts, count)
            break
    return tuple(found)


def check_value(algorithm: str, name: str, value: Value) -> Value:
    """The value with the setting's kind.

    Raises:
        BadParameter: where it is of another kind or out of range.
    """
    info = setting_of(algorithm, name)
    if info.kind is bool:
        if not isinstance(value, bool):
            raise BadParameter(f"{name} is {value_text(value)}", cause="it must be yes or no")
        return value
    if info.kind is str:
        for choice in info.choices:
            if isinstance(value, str) and value.replace("_", " ").lower() == choice:
                return choice
        choices = ", ".join(value_text(choice) for choice in info.choices)
        raise BadParameter(f"{name} is {value_text(value)}", cause=f"it must be one of {choices}")
    if isinstance(value, (bool, str)):
        raise BadParameter(f"{name} is {value_text(value)}", cause="it must be a number")
    low = -float("inf") if info.low is None else info.low
    high = float("inf") if info.high is None else info.high
    if not low <= value <= high:
        unit = f" {info.unit}" if info.unit else ""
        raise BadParameter(f"{name} is {value_text(value)}{unit}", cause=f"it must lie in {low:g} … {high:g}{unit}")
    return float(value)
