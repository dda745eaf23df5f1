"""Command-line flags from a parameters dataclass, and the dataclass back from the parsed flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from models.errors import BadParameter
from models.parameters import ParameterInfo, describe, from_dict

T = TypeVar("T")


def add_run(parser: argparse.ArgumentParser) -> None:
    """The run a verb works on, and which of its datasets."""
    parser.add_argument("run", metavar="RUN", help="run file or folder")
    parser.add_argument("--dataset", metavar="PATH", help="dataset in the file, where several could be the frames")
    parser.add_argument(
        "--raw",
        dest="dataset",
        type=_raw_dataset,
        metavar="HxW:TYPE",
        help="how a raw binary file is read: HEIGHTxWIDTH:TYPE[:le|be][:OFFSET][:frames=N][:gap=BYTES], for example "
        "512x512:uint16 or 260x257:float32:be:offset=128",
    )


def _raw_dataset(text: str) -> str:
    """The dataset that a raw header is for the readers."""
    from models.runs.raw import RawHeader

    try:
        return RawHeader.from_text(text).to_text()
    except BadParameter as error:
        raise argparse.ArgumentTypeError(error.sentence()) from error


def add_flags(
    parser: argparse.ArgumentParser, kind: type[Any], leave_out: Collection[str] = (), *, only_given: bool = False
) -> None:
    """One `--flag` per declared parameter of `kind`, with unit, range and default in its help.

    With `only_given` a flag that is not typed leaves nothing behind, so that something else (a preset) can have the
    say: see `given_values`.
    """
    group = parser.add_argument_group(f"{_title(kind)} parameters")
    for info in describe(kind):
        if info.name in leave_out:
            continue
        flag = "--" + info.name.replace("_", "-")
        text = _help(info).replace("%", "%%")
        default = argparse.SUPPRESS if only_given else info.default
        if info.kind is bool:
            group.add_argument(
                flag, dest=info.name, action=argparse.BooleanOptionalAction, default=default, help=text
            )
            continue
        group.add_argument(
            flag,
            dest=info.name,
            type=_converter(info),
            default=default,
            choices=info.choices or None,
            metavar=None if info.choices else (info.unit or info.kind.__name__).upper().replace(" ", "_"),
            help=text,
        )


def from_flags(args: argparse.Namespace, kind: type[T]) -> T:
    """The settings of `kind` that the parsed flags give. Raises BadParameter for a value out of range."""
    return from_dict(kind, given_values(args, kind))


def given_values(args: argparse.Namespace, kind: type[Any]) -> dict[str, Any]:
    """What the parsed flags say about the parameters of `kind`, by name."""
    return {info.name: getattr(args, info.name) for info in describe(kind) if hasattr(args, info.name)}


def converted(info: ParameterInfo, text: str) -> Any:
    """The value a word on the command line gives a parameter. Raises BadParameter."""
    if info.kind is bool:
        if text.lower() not in ("true", "false"):
            raise BadParameter(f"{info.name} is {text!r}", cause="it must be true or false")
        return text.lower() == "true"
    try:
        return _converter(info)(text)
    except ValueError as error:
        raise BadParameter(f"{info.name} is {text!r}", cause=f"it must be a {info.kind.__name__}") from error


def from_words(kind: type[T], words: Sequence[str], owner: str) -> T:
    """The settings of `kind` from words NAME=VALUE, as --set takes them; `owner` is whose they are, for errors.

    Raises:
        BadParameter: a word that is none, an unknown name, or a value out of range.
    """
    known = {info.name: info for info in describe(kind)}
    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or name not in known:
            there = ", ".join(known) or "none"
            raise BadParameter(f"--set {word} is not understood", cause=f"{owner} has these: {there}")
        values[name] = converted(known[name], text)
    return from_dict(kind, values)


def _title(kind: type[Any]) -> str:
    return kind.__name__.removesuffix("Settings").lower()


def _converter(info: ParameterInfo) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        if info.optional and text.lower() in ("none", "auto"):
            return None
        if info.kind is int:
            # 1e4 is how people write ten thousand
            number = float(text)
            if number != int(number):
                raise ValueError(text)
            return int(number)
        return info.kind(text)

    # argparse names the converter in its error message
    convert.__name__ = info.kind.__name__
    return convert


def _help(info: ParameterInfo) -> str:
    text = info.help.rstrip(".")
    bounds = []
    if info.low is not None or info.high is not None:
        low = "" if info.low is None else f"{info.low:g}"
        high = "" if info.high is None else f"{info.high:g}"
        bounds.append(f"{low} … {high}".strip())
    if info.unit:
        bounds.append(info.unit)
    if info.default is not None:
        bounds.append(f"default {info.default}")
    return f"{text} ({', '.join(bounds)})" if bounds else text
