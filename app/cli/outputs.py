"""Where a verb may write: never over what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.errors import BadParameter, NotSaved


def output_path(name: str, endings: Sequence[str], reads: Sequence[str | None], unless: str = "") -> Path:
    """The file a verb is asked to write.

    Args:
        name: as typed.
        endings: those that say what to write, in small letters with their dot.
        reads: the run and whatever else the verb reads; None where a flag was not given.
        unless: the flag that would allow to replace a file; "" where a file of that name may be replaced.

    Raises:
        BadParameter: the name has none of the endings.
        NotSaved: it is one of the files the verb reads, or is there already.
    """
    path = Path(name)
    if path.suffix.lower() not in endings:
        hint = f"end it in {' or '.join(endings)}"
        raise BadParameter(f"cannot tell what to write from the name {path}", hint=hint)
    for other in reads:
        if other is not None and path.exists() and Path(other).exists() and path.samefile(other):
            raise NotSaved(f"{path} was not written", cause="it is itself read here", hint="choose another name")
    if unless and path.exists():
        hint = f"choose another name, or give {unless} to replace it"
        raise NotSaved(f"{path} was not written", cause="it exists already", hint=hint)
    return path
