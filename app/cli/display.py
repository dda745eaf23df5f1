"""Is there a screen? Asked before Qt is, because Qt aborts the process where there is none."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

_SCREENLESS_PLATFORMS = ("offscreen", "minimal", "vnc")


def why_no_display() -> str | None:
    """None where a window can open, else the reason in words."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform in _SCREENLESS_PLATFORMS or sys.platform in ("win32", "darwin"):
        return None
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland:
        path = Path(os.environ.get("XDG_RUNTIME_DIR", "/run")) / wayland
        if path.exists():
            return None
    display = os.environ.get("DISPLAY", "")
    if not display:
        return "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    if _x_server_answers(display):
        return None
    return f"no X server answers at DISPLAY={display}"


def _x_server_answers(display: str) -> bool:
    """Whether something listens where an X client would connect (X(7), "DISPLAY NAMES")."""
    match = re.fullmatch(r"(?:(?P<host>[^:]*?)(?:/unix)?)?:(?P<number>\d+)(?:\.\d+)?", display)
    if match is None:
        # A launchd socket or another form we do not know: leave the judgement to Qt.
        return True
    host, number = match["host"], int(match["number"])
    addresses: list[tuple[int, object]] = []
    if not host or host == "unix":
        addresses.append((socket.AF_UNIX, f"\0/tmp/.X11-unix/X{number}"))
        addresses.append((socket.AF_UNIX, f"/tmp/.X11-unix/X{number}"))
    addresses.append((socket.AF_INET, (host or "localhost", 6000 + number)))
    for family, address in addresses:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(address)  # type: ignore[arg-type]
            except OSError:
                continue
            return True
    return False
