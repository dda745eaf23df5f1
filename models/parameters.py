"""Parameters are dataclasses; form, command-line flags and provenance all derive from their fields.

Declare a field with `parameter(...)`; read the declarations back with `describe(...)`.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from models.errors import BadParameter

T = TypeVar("T")
_KEY = "friedel"


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """What a form, a flag or a provenance record needs to know of one field.

    Attributes:
        name: the field's name.
        kind: int, float, bool or str.
        default: its default value.
        help: one sentence for tool tip and `--help`.
        unit: unit of the value, "" for none.
        low, high: inclusive range, None where open.
        choices: allowed values, empty where free.
        optional: True where None is allowed.
        title: what a form calls it, "" where the field's name reads well enough.
    """

    name: str
    kind: type
    default: Any
    help: str
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    optional: bool
    title: str = ""


def parameter(
    default: Any,
    help: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    title: str = "",
) -> Any:
    """A dataclass field with its help text, unit, range and, where its name reads badly in a form, a title."""
    meta = {"help": help, "unit": unit, "low": low, "high": high, "choices": tuple(choices), "title": title}
    return dataclasses.field(default=default, metadata={_KEY: meta})


def describe(settings: Any) -> tuple[ParameterInfo, ...]:
    """The declared parameters of a dataclass (class or instance), in order; other fields are left out."""
    owner = settings if isinstance(settings, type) else type(settings)
    hints = typing.get_type_hints(owner)
    found = []
    for field in dataclasses.fields(owner):
        meta = field.metadata.get(_KEY)
        if meta is None:
            continue
        options = [a for a in typing.get_args(hints[field.name]) if a is not type(None)]
        optional = bool(options) and len(options) < len(typing.get_args(hints[field.name]))
        kind = options[0] if optional else hints[field.name]
        found.append(ParameterInfo(name=field.name, kind=kind, default=field.default, optional=optional, **meta))
    return tuple(found)


def validate(settings: T) -> T:
    """The same settings, if every declared parameter is within its range.

    Raises:
        BadParameter: naming the first parameter that is not, its value and its range.
    """
    for info in describe(settings):
        value = getattr(settings, info.name)
        if value is None and info.optional:
            continue
        if info.choices and value not in info.choices:
            raise BadParameter(f"{info.name} is {value!r}", cause=f"it must be one of {', '.join(info.choices)}")
        too_low = info.low is not None and value < info.low
        too_high = info.high is not None and value > info.high
        if too_low or too_high:
            low = "-inf" if info.low is None else f"{info.low:g}"
            high = "inf" if info.high is None else f"{info.high:g}"
            unit = f" {info.unit}" if info.unit else ""
            raise BadParameter(f"{info.name} is {value}{unit}", cause=f"it must lie in {low} … {high}{unit}")
    return settings


def to_dict(settings: Any) -> dict[str, Any]:
    """Field values as a JSON-ready dict, for provenance."""
    return dataclasses.asdict(settings)


def from_dict(kind: type[T], values: Mapping[str, Any]) -> T:
    """Settings of `kind` from a dict made by `to_dict`; missing keys keep their defaults.

    Raises:
        BadParameter: for a key the settings do not have, or a value out of range.
    """
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise BadParameter(
            f"unknown parameter {unknown[0]!r}", cause=f"{kind.__name__} has {', '.join(sorted(known))}"
        )
    return validate(kind(**values))
