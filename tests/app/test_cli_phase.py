"""`friedel phase` as a user types it: what comes out, what is refused, and Ctrl+C."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.cli import verb_phase
from app.cli.dispatch import dispatch
from models.phasing import starts as starts_room
from models.phasing.settings import PhasingSettings
from models.phasing.starts import StartsProgress, Stop
from tests.models.patterns.make import photon_pattern

PROMISED = [
    "r_factor",
    "free_log_likelihood",
    "prtf_resolution",
    "mode_weight",
    "agreement",
    "masked_power",
    "starts",
    "seconds",
    "iterations_per_second",
    "warnings",
]
QUICK = ["--workers", "0", "--starts", "2", "--schedule", "2*(20 RAAR + SW) + 10 ER"]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pattern")
    made = photon_pattern(n=48, width=14, photons=1e6)
    np.save(folder / "p.npy", made.intensity)
    mask = made.measured.copy()
    mask[22:27, 22:27] = False
    np.save(folder / "m.npy", mask)
    return folder / "p.npy"


def test_a_bare_pattern_with_a_mask_becomes_a_cxi_file(
    pattern: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.cxi"
    mask = str(pattern.with_name("m.npy"))
    assert dispatch(["phase", str(pattern), "--mask", mask, "-o", str(out), "--json", *QUICK]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found)[: len(PROMISED)] == PROMISED
    assert found["starts"] == 2
    assert 0 < found["r_factor"] < 1
    assert found["iterations_per_second"] > 0
    assert 0 < found["masked_power"] < 1
    assert found["prtf_resolution"] is None  # nothing says how large a pixel is
    assert any("25 pixels by the given mask" in words for words in found["preparation"])
    with h5py.File(out) as file:
        assert file["entry_1/image_1/data"].dtype.kind == "c"
        assert file["entry_1/image_1/mask"].shape[-2:] == file["entry_1/image_1/data"].shape[-2:]


def test_one_start_is_a_preview(pattern: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["phase", str(pattern), "-o", str(tmp_path / "r.cxi"), "--json", *QUICK]
    assert dispatch([*argv, "--starts", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["preview"] is True


def test_a_frame_of_a_run_is_prepared_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = photon_pattern(n=64, width=14, photons=1e6)
    run = np.stack([np.roll(made.intensity, (2, -3), (0, 1))] * 3)
    np.save(tmp_path / "run.npy", run)
    argv = ["phase", str(tmp_path / "run.npy"), "--frame", "1", "-o", str(tmp_path / "r.cxi"), "--json", *QUICK]
    assert dispatch([*argv, "--adu-per-photon", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert any("Friedel symmetry" in words for words in found["preparation"])
    assert any("cropped from 64×64" in words for words in found["preparation"])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--schedule", "10 FOO"], "FOO"),
        (["--preset", "nonsense"], "presets are"),
        (["--starts", "0"], "starts is 0"),
        (["--workers", "-1"], "--workers"),
        (["--mask", "{folder}/absent.npy"], "no such file"),
        (["--frame", "7"], "no frame 7"),
        (["--first-support", "given"], "support"),
    ],
)
def test_bad_input_is_one_line(
    pattern: Path, tmp_path: Path, argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [word.format(folder=tmp_path) for word in argv]
    assert dispatch(["phase", str(pattern), "-o", str(tmp_path / "r.cxi"), "--workers", "0", *argv]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert said in lines[-1]
    assert lines[-1].startswith("friedel: ")
    assert not (tmp_path / "r.cxi").exists()


def test_it_does_not_write_over_what_it_reads(pattern: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = pattern.read_bytes()
    assert dispatch(["phase", str(pattern), "-o", str(pattern)]) == 2
    assert "itself read here" in capsys.readouterr().err
    assert pattern.read_bytes() == before


def settings_of(monkeypatch: pytest.MonkeyPatch, pattern: Path, *argv: str) -> PhasingSettings:
    """The settings that the verb hands on."""
    seen: list[PhasingSettings] = []

    def run_starts(_pattern, settings, *_rest, **_more):  # type: ignore[no-untyped-def]
        seen.append(settings)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(starts_room, "run_starts", run_starts)
    assert dispatch(["phase", str(pattern), "-o", "r.cxi", *argv]) == 130
    return seen[0]


def test_flags_go_before_the_preset(monkeypatch: pytest.MonkeyPatch, pattern: Path) -> None:
    from models.phasing.presets import BRAGG_CRYSTAL, DEFAULT

    assert settings_of(monkeypatch, pattern) == DEFAULT.settings
    bragg = settings_of(monkeypatch, pattern, "--preset", "bragg")
    assert bragg == BRAGG_CRYSTAL.settings
    changed = settings_of(monkeypatch, pattern, "--preset", "Bragg crystal", "--beta", "0.8", "--no-stop-hopeless")
    assert (changed.beta, changed.stop_hopeless, changed.schedule) == (0.8, False, bragg.schedule)


def fake_run(presses: int, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A run that gets Ctrl+C so many times; the commands it hears."""
    heard: list[object] = []
    # A shell that runs the tests in the background has them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def run_starts(*_args, **_more):  # type: ignore[no-untyped-def]
        for done in range(8):
            if done < presses:
                signal.raise_signal(signal.SIGINT)  # to this thread: others are about by now
            command = yield StartsProgress(done=done, total=8, unit="iterations")
            heard.append(command)
            if isinstance(command, Stop) and presses == 1:
                break
        return "what there is"

    monkeypatch.setattr(starts_room, "run_starts", run_starts)
    return heard


def test_the_first_interrupt_writes_what_there_is(
    monkeypatch: pytest.MonkeyPatch, pattern: Path, tmp_path: Path
) -> None:
    heard = fake_run(1, monkeypatch)
    written: list[object] = []

    def save(result, path, **_more):  # type: ignore[no-untyped-def]
        written.append(result)
        return path
        yield

    monkeypatch.setattr("models.phasing.export.save", save)
    monkeypatch.setattr(verb_phase, "_found", lambda _result: {})
    monkeypatch.setattr(verb_phase, "_more", lambda *_: {})
    assert dispatch(["phase", str(pattern), "-o", str(tmp_path / "r.cxi")]) == 130
    assert [type(command) for command in heard] == [Stop]
    assert written == ["what there is"]


def test_the_second_interrupt_writes_nothing(monkeypatch: pytest.MonkeyPatch, pattern: Path, tmp_path: Path) -> None:
    fake_run(2, monkeypatch)
    assert dispatch(["phase", str(pattern), "-o", str(tmp_path / "r.cxi")]) == 130
    assert not (tmp_path / "r.cxi").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_denoised_amplitudes_are_said_to_be_so(
    pattern: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--input", "bounded", "--denoiser", "gaussian sigma_px=0.8", "--adu-per-photon", "1", "--json"]
    assert dispatch(["phase", str(pattern), *QUICK, *words, "-o", str(tmp_path / "r.cxi")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["input"] == "bounded"
    assert any("Gaussian blur" in words for words in found["preparation"])
    assert any("only counts were fitted" in words for words in found["warnings"])


def test_a_denoiser_that_is_not_there_is_named(
    pattern: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--input", "denoised", "--denoiser", "magic", "--adu-per-photon", "1"]
    assert dispatch(["phase", str(pattern), *QUICK, *words, "-o", str(tmp_path / "r.cxi")]) != 0
    assert "magic" in capsys.readouterr().err
    assert not (tmp_path / "r.cxi").exists()
