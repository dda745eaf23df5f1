"""`friedel denoise` as a user types it: what is in the file, what is refused, and Ctrl+C."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.cli.dispatch import dispatch
from app.cli.selection import frames_named
from models.denoising import run as room
from models.denoising.types import Rests
from models.errors import BadLabels, BadParameter
from models.runs import open_run

N = 6


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.cxi"
    argv = ["simulate", str(path), "--frames", str(N), "--height", "48", "--width", "64", "--seed", "3"]
    assert dispatch([*argv, "--blank", "0", "--contaminant", "0", "--photons-low", "2000"]) == 0
    return path


def spoken(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_the_file_holds_rates_deviations_masks_and_where_they_are_from(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "d.cxi"
    capsys.readouterr()
    argv = ["denoise", str(simulated), "--frames", "1:3,5", "--method", "gaussian", "--set", "sigma_px=1.5"]
    assert dispatch([*argv, "-o", str(out), "--json"]) == 0
    found = spoken(capsys)
    assert (found["frames"], found["method"]) == (3, "gaussian")
    assert found["speckle_px"] > 1  # type: ignore[operator]
    assert found["speckle_per_nm"] == pytest.approx(found["speckle_px"] * 0.00505, rel=0.01)  # type: ignore[operator]
    assert found["parameters"] == {"friedel": "auto", "splits": 3, "sigma_px": 1.5}
    with h5py.File(simulated) as file, h5py.File(out) as made:
        counts = file["entry_1/data_1/data"][[1, 2, 5]].astype(float)
        bad = file["entry_1/instrument_1/detector_1/mask"][()] != 0
        data = made["entry_1/data_1"]
        rates, errors, mask, validity = (data[name][()] for name in ("data", "errors", "mask", "validity"))
        assert rates.dtype == errors.dtype == np.float32
        assert rates.shape == errors.shape == mask.shape == validity.shape == (3, 48, 64)
        np.testing.assert_allclose(rates[:, ~bad].sum(1), counts[:, ~bad].sum(1), rtol=1e-3)
        assert (errors > 0).all()
        np.testing.assert_array_equal(mask != 0, np.broadcast_to(bad, mask.shape))
        np.testing.assert_array_equal(validity == Rests.MEASURED, mask == 0)
        assert list(made["entry_1/result_1/original_index"]) == [1, 2, 5]
        events = file["entry_1/experiment_identifier"][()]
        assert list(made["entry_1/experiment_identifier"]) == [events[i] for i in (1, 2, 5)]
        process = made["entry_1/process_1"]
        assert process["method"].asstr()[()] == "gaussian"
        assert json.loads(process["parameters"].asstr()[()])["sigma_px"] == 1.5
        assert process["source_file"].asstr()[()] == "run.cxi"
        detector, source = "entry_1/instrument_1/detector_1/", file
        for name in ("distance", "x_pixel_size"):
            assert made[detector + name][()] == pytest.approx(source[detector + name][()])


def test_a_denoised_run_is_never_taken_for_counts(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "d.cxi"
    assert dispatch(["denoise", str(simulated), "--frames", "0", "-o", str(out), "--json"]) == 0
    opened = open_run(out)
    try:
        assert opened.unit == "photons (denoised)"
        assert any("denoised by Friedel (Friedel's network), not measured" in text for text in opened.warnings)
        before = open_run(simulated)
        assert opened.geometry.centre_px == pytest.approx(before.geometry.centre_px)
        np.testing.assert_array_equal(opened.mask, before.mask)
        before.close()
    finally:
        opened.close()
    capsys.readouterr()
    assert dispatch(["denoise", str(out), "-o", str(tmp_path / "again.cxi")]) == 2
    assert "denoised already" in capsys.readouterr().err


def test_what_is_read_is_not_written_over(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = simulated.read_bytes()
    assert dispatch(["denoise", str(simulated), "-o", str(simulated), "--overwrite"]) == 2
    assert simulated.read_bytes() == before
    there = tmp_path / "there.cxi"
    there.write_text("mine")
    assert dispatch(["denoise", str(simulated), "-o", str(there)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert there.read_text() == "mine"


def test_a_given_mask_is_joined_to_the_run_s(simulated: Path, tmp_path: Path) -> None:
    mask = np.ones((48, 64), np.uint8)
    mask[10:14] = 0
    np.save(tmp_path / "m.npy", mask * 255)
    out = tmp_path / "d.cxi"
    argv = ["denoise", str(simulated), "--frames", "0", "--mask", str(tmp_path / "m.npy"), "-o", str(out)]
    assert dispatch(argv) == 0
    with h5py.File(out) as made:
        assert (made["entry_1/data_1/mask"][0, 10:14] != 0).all()
        assert (made["entry_1/data_1/validity"][0, 10:14] != Rests.MEASURED).all()


def test_bare_counts_are_denoised_about_the_beam_they_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.models.denoising.scenes import counts, sphere

    frames = [counts(sphere(centre=(29.0, 33.5)), k).astype(np.uint16) for k in range(3)]
    np.save(tmp_path / "run.npy", np.stack(frames))
    argv = ["denoise", str(tmp_path / "run.npy"), "-o", str(tmp_path / "d.cxi"), "--json"]
    assert dispatch(argv) == 0
    assert spoken(capsys)["beam_px"] == pytest.approx([29.0, 33.5])


def test_bad_input_is_one_line(simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "d.cxi")
    for more, words in (
        (["--method", "bm3d"], "there is no method 'bm3d'"),
        (["--set", "sigma=3"], "the method has these: friedel, weights"),
        (["--method", "tv", "--set", "weight=-1"], "must lie in 0.01"),
        (["--frames", "4:99"], "there is no range 4:99"),
        (["--frames", "nobody.csv"], "cannot be read"),
    ):
        capsys.readouterr()
        assert dispatch(["denoise", str(simulated), "-o", out, *more]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert "Traceback" not in said
    assert not Path(out).exists()


def test_interrupting_leaves_nothing_behind(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = room.make("gaussian")
    calls: list[int] = []

    class Interrupted:
        def predict(self, *frame: object) -> object:
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return made.predict(*frame)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "make", lambda *_: Interrupted())
    folder = tmp_path / "out"
    folder.mkdir()
    assert dispatch(["denoise", str(simulated), "-o", str(folder / "d.cxi")]) == 130
    assert list(folder.iterdir()) == []


def test_the_list_names_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    from models.denoising.registry import METHODS

    with pytest.raises(SystemExit) as stop:
        dispatch(["denoise", "--list"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert all(info.title in said for info in METHODS.values())
    assert "--set sigma_px=1.2" in said


def test_what_was_not_in_photons_is_not_called_so(simulated: Path, tmp_path: Path) -> None:
    raw, out = tmp_path / "raw.cxi", tmp_path / "d.cxi"
    raw.write_bytes(simulated.read_bytes())
    with h5py.File(raw, "r+") as file:
        file["entry_1/data_1/data"].attrs["units"] = "ADU"
    assert dispatch(["denoise", str(raw), "--frames", "0", "--method", "radial", "-o", str(out)]) == 0
    with h5py.File(out) as made:
        assert made["entry_1/data_1/data"].attrs["units"] == "ADU (denoised)"
        assert made["entry_1/data_1/errors"].attrs["units"] == "ADU (denoised)"
        assert made["entry_1/result_1/measured_photons"].attrs["units"] == "ADU"
    again = ["denoise", str(out), "--method", "radial", "-o", str(tmp_path / "e.cxi")]
    assert dispatch(again) != 0
    assert not (tmp_path / "e.cxi").exists()


def test_frames_by_name(tmp_path: Path) -> None:
    events = [f"e{i}" for i in range(10)]
    assert frames_named("0:3,7,8-9", 10, None).tolist() == [0, 1, 2, 7, 8, 9]
    assert frames_named(":2", 10, None).tolist() == [0, 1]
    assert frames_named("8:", 10, None).tolist() == [8, 9]
    (tmp_path / "a.csv").write_text("index,label\n4,single\n2,multi\n")
    assert frames_named(str(tmp_path / "a.csv"), 10, None).tolist() == [2, 4]
    (tmp_path / "b.csv").write_text("event,label\ne7,single\n")
    assert frames_named(str(tmp_path / "b.csv"), 10, events).tolist() == [7]
    numbered = [str(100 + i) for i in range(8)] + ["4", "2"]
    assert frames_named(str(tmp_path / "a.csv"), 10, numbered).tolist() == [2, 4]  # an index is no identifier
    (tmp_path / "e.csv").write_text("event\n4\n103\n")
    assert frames_named(str(tmp_path / "e.csv"), 10, numbered).tolist() == [3, 8]
    (tmp_path / "e.csv").write_text("event\n7\n")
    with pytest.raises(BadLabels, match="no frame of this run"):
        frames_named(str(tmp_path / "e.csv"), 10, numbered)
    assert frames_named(str(tmp_path / "e.csv"), 10, None).tolist() == [7]
    (tmp_path / "c.txt").write_text("3\ne5\n")
    assert frames_named(str(tmp_path / "c.txt"), 10, events).tolist() == [3, 5]
    (tmp_path / "d.csv").write_text("label\nx\n")
    with pytest.raises(BadLabels, match="names no frames"):
        frames_named(str(tmp_path / "d.csv"), 10, None)
    for wrong in ("3:3", "0:11", "x", "1::2"):
        with pytest.raises(BadParameter):
            frames_named(wrong, 10, None)


def test_what_was_removed_is_tested_where_asked(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    verdicts = []
    for sigma in ("0.8", "6"):
        argv = ["denoise", str(simulated), "--method", "gaussian", "--set", f"sigma_px={sigma}", "--judge"]
        assert dispatch([*argv, "-o", str(tmp_path / f"{sigma}.cxi"), "--json"]) == 0
        verdicts.append(spoken(capsys)["judged"])
    mild, wide = verdicts
    assert mild["tested"] == wide["tested"] == N  # type: ignore[index]
    assert wide["sound"] < mild["sound"]  # type: ignore[index]
    assert wide["kept_noise"] < mild["kept_noise"]  # type: ignore[index]
    assert any("structure was removed" in words for words in wide["against"])  # type: ignore[index]


def test_detector_units_become_photons(simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(simulated) as file:
        counts = file["entry_1/data_1/data"][()]
    adu = tmp_path / "adu.h5"
    with h5py.File(adu, "w") as file:
        file["data"] = counts * np.float32(130) + np.random.default_rng(0).normal(0, 10, counts.shape)
        file["data"].attrs["units"] = "ADU"
    plain, made = (tmp_path / f"{name}.cxi" for name in ("plain", "made"))
    argv = ["denoise", str(adu), "--method", "gaussian", "--json", "-o"]
    capsys.readouterr()
    assert dispatch([*argv, str(plain)]) == 0
    assert any("not in photons" in words for words in spoken(capsys)["warnings"])  # type: ignore[attr-defined]
    assert dispatch([*argv, str(made), "--adu-per-photon", "130"]) == 0
    found = spoken(capsys)
    assert found["warnings"] == []
    with h5py.File(made) as file:
        assert file["entry_1/data_1/data"].attrs["units"] == "photons (denoised)"
        np.testing.assert_allclose(file["entry_1/data_1/data"][()].sum((1, 2)), counts.sum((1, 2)), rtol=1e-3)
    assert dispatch(["denoise", str(simulated), "-o", str(tmp_path / "n.cxi"), "--adu-per-photon", "2"]) == 2
    assert "is in photons already" in capsys.readouterr().err
