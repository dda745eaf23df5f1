"""What is remembered per user survives, and a damaged file costs nothing but the memory."""

from __future__ import annotations

import json

from app.settings import MAX_RECENT, Settings, load_settings, save_settings, settings_file


def test_settings_come_back() -> None:
    settings = Settings(theme="dark", auto_advance=False, shortcuts={"frame.random": ["X"]})
    settings.remember("/data/a.cxi")
    settings.remember("/data/b.cxi")
    settings.remember("/data/a.cxi")
    save_settings(settings)
    again = load_settings()
    assert again == settings
    assert again.recent == ["/data/a.cxi", "/data/b.cxi"]


def test_recent_runs_are_limited() -> None:
    settings = Settings()
    for number in range(30):
        settings.remember(f"/data/{number}.cxi")
    assert len(settings.recent) == MAX_RECENT
    assert settings.recent[0] == "/data/29.cxi"


def test_a_damaged_file_gives_the_defaults() -> None:
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text("{not json", "utf-8")
    assert load_settings() == Settings()


def test_wrong_types_keep_their_defaults() -> None:
    settings_file().parent.mkdir(parents=True)
    stored = {
        "theme": "pink",
        "recent": [1, 2],
        "auto_advance": "yes",
        "shortcuts": {"a": 3},
        "scaling": "sqrt",
        "x": 1,
    }
    settings_file().write_text(json.dumps(stored), "utf-8")
    assert load_settings() == Settings(scaling="sqrt")


def test_settings_that_cannot_be_written_do_not_raise(monkeypatch, tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("FRIEDEL_CONFIG", str(blocked / "config"))
    save_settings(Settings())
    assert load_settings() == Settings()
