"""Without a screen the window says so instead of letting Qt abort."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from app.cli.dispatch import dispatch
from app.cli.display import why_no_display


@pytest.fixture
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")


@pytest.mark.usefixtures("_no_screen")
def test_no_display_is_named() -> None:
    assert why_no_display() == "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"


@pytest.mark.usefixtures("_no_screen")
def test_a_dead_display_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", "127.0.0.1:4711.0")
    assert why_no_display() == "no X server answers at DISPLAY=127.0.0.1:4711.0"


@pytest.mark.usefixtures("_no_screen")
def test_a_listening_display_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1] - 6000
        if number < 0:
            pytest.skip("the system gave a port below the X range")
        monkeypatch.setenv("DISPLAY", f"127.0.0.1:{number}")
        assert why_no_display() is None


@pytest.mark.usefixtures("_no_screen")
def test_a_wayland_socket_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "wayland-7").touch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert why_no_display() is None


@pytest.mark.usefixtures("_no_screen")
def test_opening_the_window_without_a_screen_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch([]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "friedel tour -o DIR" in lines[0]
