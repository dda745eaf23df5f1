"""What Friedel remembers of its user: one typed dataclass, kept as a small JSON file.

The folder is the platform's configuration folder, or `$FRIEDEL_CONFIG` where that is set. What belongs to one run
(frame, contrast, map) is kept with the run, in its workspace.
"""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import json
import logging
import os
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

CONFIG_VARIABLE = "FRIEDEL_CONFIG"
MAX_RECENT = 12
MAX_RAW_HEADERS = 200
THEMES = ("system", "light", "dark")


def config_folder() -> Path:
    """The folder of the user's settings and log; made when something is written to it."""
    override = os.environ.get(CONFIG_VARIABLE)
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_config_dir("friedel", appauthor=False))


def default_annotator() -> str:
    """The login name, or "unknown" where the system has none (containers)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


@dataclass
class Settings:
    """Everything remembered per user.

    Attributes:
        theme: "system", "light" or "dark".
        auto_advance: whether giving a class goes on to the next frame.
        embed_on_open: whether a run that was opened is embedded in the background at once.
        annotator: the name that labels are written under; "" is the login name.
        scaling, colour_map: what a run that has no state of its own starts with.
        show_mask, show_rings, show_thumbnails: what is drawn over and under the frame.
        recent: paths of runs opened lately, latest first.
        shortcuts: command id to its key sequences, where the user changed them.
        geometry, layout: the main window's place and its docks, base64 of Qt's own format; "" for the default.
        last_folder: where the last file dialog was.
        denoising: method and parameters of the Denoise pane as they were left, JSON.
        raw_headers: how raw files are read, by file and, for the last one of a folder, by folder; a list of one text.
    """

    theme: str = "system"
    auto_advance: bool = True
    embed_on_open: bool = True
    annotator: str = ""
    scaling: str = "log"
    colour_map: str = ""
    show_mask: bool = True
    show_rings: bool = False
    show_thumbnails: bool = True
    recent: list[str] = field(default_factory=list)
    shortcuts: dict[str, list[str]] = field(default_factory=dict)
    geometry: str = ""
    layout: str = ""
    last_folder: str = ""
    denoising: str = ""
    raw_headers: dict[str, list[str]] = field(default_factory=dict)

    @property
    def annotator_name(self) -> str:
        return self.annotator.strip() or default_annotator()

    def remember(self, path: str) -> None:
        """Put `path` at the head of the recent runs."""
        self.recent = [path, *(known for known in self.recent if known != path)][:MAX_RECENT]

    def remember_raw(self, path: str, header: str) -> None:
        """How a raw file, or the last one of a folder, is read."""
        self.raw_headers.pop(path, None)
        self.raw_headers[path] = [header]
        for oldest in list(self.raw_headers)[:-MAX_RAW_HEADERS]:
            del self.raw_headers[oldest]

    def forget(self, path: str) -> None:
        """Drop `path` from the recent runs."""
        self.recent = [known for known in self.recent if known != path]


def settings_file() -> Path:
    return config_folder() / "settings.json"


def load_settings() -> Settings:
    """The user's settings; defaults where there are none or where a value is not what it should be."""
    file = settings_file()
    try:
        stored = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        log.warning("settings in %s cannot be read, defaults are used: %s", file, error)
        return Settings()
    return _from_json(stored)


def save_settings(settings: Settings) -> None:
    """Write the settings beside a temporary name and rename; a failure is logged, never raised."""
    file = settings_file()
    aside = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(dataclasses.asdict(settings), indent=1), "utf-8")
        aside.replace(file)
    except OSError as error:
        log.warning("settings cannot be written to %s: %s", file, error)
        with contextlib.suppress(OSError):
            aside.unlink()


def _from_json(stored: Any) -> Settings:
    settings = Settings()
    if not isinstance(stored, dict):
        return settings
    hints = typing.get_type_hints(Settings)
    for name, kind in hints.items():
        value = stored.get(name)
        expected = typing.get_origin(kind) or kind
        if isinstance(value, expected) and _members_fit(value):
            setattr(settings, name, value)
    if settings.theme not in THEMES:
        settings.theme = "system"
    return settings


def _members_fit(value: Any) -> bool:
    """Lists hold text; dicts map text to lists of text."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    if isinstance(value, dict):
        return all(
            isinstance(key, str) and isinstance(item, list) and _members_fit(item) for key, item in value.items()
        )
    return True
