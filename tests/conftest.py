"""Shared fixtures: where the measured data are, and a screenless Qt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of measured frames; the test is skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the measured frames (../shared/data) are not on this machine")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _own_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or changes the settings, labels or logs of the person who runs it."""
    folder = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("FRIEDEL_CONFIG", str(folder / "config"))
    monkeypatch.setenv("FRIEDEL_DATA", str(folder / "data"))
