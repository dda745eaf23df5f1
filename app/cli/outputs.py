"""Where a verb may write: never over what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.outputs import refuse_own_input
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
    refuse_own_input(path, reads)
    if unless and path.exists():
        hint = f"choose another name, or give {unless} to replace it"
        raise NotSaved(f"{path} was not written", cause="it exists already", hint=hint)
    return path
