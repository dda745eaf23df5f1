"""The verbs as a user types them, on a small simulated run: what comes out, and one line for bad input."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.cli.dispatch import VERBS, dispatch

N = 60


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.cxi"
    argv = ["simulate", str(path), "--frames", str(N), "--height", "64", "--width", "64", "--seed", "3"]
    assert dispatch([*argv, "--blank", "0", "--contaminant", "0", "--photons-low", "2000"]) == 0
    return path


@pytest.fixture
def labels(simulated: Path, tmp_path: Path) -> Path:
    """Five labels of each class, from the truth."""
    with simulated.with_name("run_truth.csv").open(newline="") as file:
        truth = list(csv.DictReader(file))
    lines = ["index,label"]
    for name in ("single", "multi"):
        lines += [f"{row['index']},{name}" for row in [row for row in truth if row["class"] == name][:5]]
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(lines))
    return path


def spoken(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_info_prints_exactly_the_promised_object(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert dispatch(["info", str(simulated), "--json"]) == 0
    found = spoken(capsys)
    assert list(found) == [
        "dataset",
        "frames",
        "height",
        "width",
        "dtype",
        "masked_pixels",
        "photon_energy_eV",
        "distance_m",
        "pixel_size_m",
        "columns",
        "warnings",
    ]
    assert (found["frames"], found["height"], found["dtype"]) == (N, 64, "uint16")
    assert found["photon_energy_eV"] == pytest.approx(1660)


def test_the_truth_is_not_in_the_run(simulated: Path) -> None:
    with h5py.File(simulated) as file:
        names: list[str] = []
        file.visit(names.append)
    assert not [name for name in names if "class" in name or "species" in name or "truth" in name]


def test_simulate_does_not_overwrite(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["simulate", str(simulated), "--frames", "5"]) == 2
    assert "--force" in capsys.readouterr().err


def test_frame_as_npy_holds_the_file_s_numbers(simulated: Path, tmp_path: Path) -> None:
    target = tmp_path / "frame.npy"
    assert dispatch(["frame", str(simulated), "7", "-o", str(target)]) == 0
    with h5py.File(simulated) as file:
        stored = file["entry_1/data_1/data"][7]
    np.testing.assert_array_equal(np.load(target), stored)


def test_frame_by_event_with_masked_pixels_as_nan(simulated: Path, tmp_path: Path) -> None:
    target = tmp_path / "frame.npy"
    with h5py.File(simulated) as file:
        event = file["entry_1/experiment_identifier"].asstr()[7]
        bad = file["entry_1/instrument_1/detector_1/mask"][()] != 0
    assert dispatch(["frame", str(simulated), event, "-o", str(target), "--nan"]) == 0
    np.testing.assert_array_equal(np.isnan(np.load(target)), bad)


def test_frame_as_png_has_the_frame_s_size(simulated: Path, tmp_path: Path) -> None:
    from PIL import Image

    target = tmp_path / "frame.png"
    assert dispatch(["frame", str(simulated), "0", "-o", str(target), "--scaling", "log"]) == 0
    with Image.open(target) as image:
        assert image.size == (64, 64)
        assert len(image.convert("RGB").getcolors(64 * 64) or []) > 3


def test_classify_writes_the_promised_table(simulated: Path, labels: Path, tmp_path: Path) -> None:
    target = tmp_path / "verdicts.csv"
    assert dispatch(["classify", str(simulated), "--labels", str(labels), "-o", str(target)]) == 0
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["index", "event", "label", "confidence", "p_single", "p_multi"]
    assert [int(row["index"]) for row in rows] == list(range(N))
    with simulated.with_name("run_truth.csv").open(newline="") as file:
        truth = [row["class"] for row in csv.DictReader(file)]
    told = [(row["label"], name) for row, name in zip(rows, truth, strict=True) if row["label"] != "unknown"]
    assert sum(said == name for said, name in told) > 0.7 * len(told) > 0


def test_classify_and_export_by_verdict(
    simulated: Path, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts, hits = tmp_path / "verdicts.h5", tmp_path / "hits.cxi"
    assert dispatch(["classify", str(simulated), "--labels", str(labels), "-o", str(verdicts), "--json"]) == 0
    counts = spoken(capsys)["counts"]
    assert isinstance(counts, dict)
    assert sum(counts.values()) == N
    argv = ["export", str(simulated), "-o", str(hits), "--verdicts", str(verdicts), "--verdict", "single", "--json"]
    assert dispatch(argv) == 0
    assert spoken(capsys)["frames"] == counts["single"]
    with h5py.File(hits) as file:
        assert file["cxi_version"][()] == 160
        assert file["entry_1/data_1/data"].shape == (counts["single"], 64, 64)


def test_export_a_list_of_chosen_frames(simulated: Path, tmp_path: Path) -> None:
    target = tmp_path / "keep.txt"
    assert dispatch(["export", str(simulated), "-o", str(target), "--frames", "3,10-12"]) == 0
    assert target.read_text().split() == ["3", "10", "11", "12"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["info", "nowhere.cxi"], "nowhere.cxi"),
        (["frame", "RUN", "600", "-o", "a.npy"], "frames 0 to 59"),
        (["frame", "RUN", "0", "-o", "a.jpg"], "a.jpg"),
        (["export", "RUN", "-o", "a.cxi"], "no frames are chosen"),
        (["export", "RUN", "-o", "a.cxi", "--frames", "9-70"], "9-70"),
        (["export", "RUN", "-o", "a.cxi", "--verdict", "single"], "--verdicts"),
        (["export", "RUN", "-o", "a.cxi", "--labelled", "cat"], "'cat'"),
        (["classify", "RUN", "--labels", "nowhere.csv", "-o", "v.h5"], "nowhere.csv"),
        (["classify", "RUN", "--labels", "nowhere.csv", "-o", "v.json"], ".h5 or .csv"),
        (["simulate", "new.cxi", "--frames", "0"], "frames is 0"),
        (["simulate", "labels.csv"], ".cxi or .h5"),
        (["simulate", "new.cxi", "--truth", "new.cxi"], ".csv"),
        (["export", "RUN", "-o", "a.cxi", "--frames", "\u00b2"], "neither an index nor a range"),
        (["embed", "RUN", "--weights", "nowhere.safetensors"], "nowhere.safetensors"),
        (["tour", "--size", "big"], "1280x800"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    argv: list[str],
    words: str,
    simulated: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert dispatch([str(simulated) if word == "RUN" else word for word in argv]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "argv",
    [
        ["frame", "stack.npy", "0", "-o", "stack.npy"],
        ["frame", "stack.npy", "0", "-o", "./link.npy"],
        ["embed", "stack.npy", "-o", "stack.npy"],
        ["classify", "run.h5", "--labels", "labels.csv", "-o", "run.h5"],
        ["classify", "run.h5", "--labels", "labels.csv", "-o", "labels.csv"],
        ["export", "run.h5", "--frames", "0-2", "-o", "run.h5", "--overwrite"],
        ["export", "run.h5", "--indices", "list.txt", "-o", "list.txt", "--overwrite"],
        ["export", "run.h5", "--frames", "0-2", "-o", "list.txt"],
    ],
)
def test_no_verb_writes_over_what_it_reads(
    argv: list[str],
    simulated: Path,
    labels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(simulated, "run.h5")
    np.save("stack.npy", np.random.default_rng(1).poisson(3, (5, 32, 32)).astype(np.uint16))
    Path("link.npy").symlink_to("stack.npy")
    Path("list.txt").write_text("1\n2\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert dispatch(argv) == 2
    assert "was not written" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_verdicts_of_another_run_are_refused(
    simulated: Path, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, verdicts = tmp_path / "other.h5", tmp_path / "v.h5"
    assert dispatch(["classify", str(simulated), "--labels", str(labels), "-o", str(verdicts)]) == 0
    shutil.copy(simulated, other)
    with h5py.File(other, "r+") as file:
        names = file["entry_1/experiment_identifier"]
        names[...] = names[()][::-1]
    for run, table in ((other, verdicts), (simulated, other)):
        words = [str(run), "--verdicts", str(table), "--verdict", "single", "-o", str(tmp_path / "x.cxi")]
        capsys.readouterr()
        assert dispatch(["export", *words]) == 2
        said = capsys.readouterr().err
        assert str(table) in said
        assert "removed" not in said
    assert not (tmp_path / "x.cxi").exists()


def test_one_example_of_each_class_is_enough_to_sort(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "two.csv"
    table.write_text("index,label\n0,single\n1,multi\n")
    capsys.readouterr()
    assert dispatch(["classify", str(simulated), "--labels", str(table), "-o", str(tmp_path / "v.h5"), "--json"]) == 0
    found = spoken(capsys)
    assert found["frames"] == N
    assert found["balanced_accuracy_on_labels"] is None
    assert "no class has two examples" in str(found["warnings"])


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["frame", "RUN", "0", "-o", "new.npy"], "new.npy"),
        (["embed", "RUN", "-o", "new.npy"], "new.npy"),
        (["export", "RUN", "--frames", "0-9", "-o", "new.cxi", "--compression", "none"], "new.cxi"),
        (["simulate", "new.cxi", "--frames", "40"], "new.cxi"),
    ],
)
def test_a_full_disk_is_one_line_and_leaves_nothing(
    argv: list[str], named: str, simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dispatch(["embed", str(simulated)]) == 0  # its vectors are there: only the output has to be written
    words = [str(simulated) if word == "RUN" else word for word in argv]
    program = f"""
import resource, sys
from app.cli.dispatch import dispatch
resource.setrlimit(resource.RLIMIT_FSIZE, (7000, resource.RLIM_INFINITY))
sys.exit(dispatch({[str(tmp_path / named) if word == named else word for word in words]!r}))
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("friedel: ")
    assert named in last
    assert "beyond what this system allows" in last
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_printed_is_one_line(simulated: Path) -> None:
    program = f"import sys; from app.cli.dispatch import dispatch; sys.exit(dispatch(['info', {str(simulated)!r}]))"
    root = Path(__file__).parents[2]
    with Path("/dev/full").open("w") as full:
        argv = [sys.executable, "-c", program]
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=root)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "disk is full" in done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        dispatch([verb, "--help"])
    assert stopped.value.code == 0
    assert f"usage: friedel {verb}" in capsys.readouterr().out


def test_train_writes_weights_that_embed_and_reports_their_figures(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = {
        "epochs": 1,
        "steps-per-epoch": 2,
        "species": 4,
        "frames-per-class": 3,
        "refreshed-species": 0,
        "droplets": 6,
        "validation-species": 2,
        "validation-frames": 6,
        "test-species": 2,
        "species-per-batch": 2,
    }
    flags = [word for name, value in small.items() for word in (f"--{name}", str(value))]
    assert dispatch(["train", "speckle", "-o", str(tmp_path), "--json", *flags]) == 0
    found = spoken(capsys)
    assert found["test_species"] == 2
    weights = str(found["weights"])
    assert dispatch(["embed", str(simulated), "--weights", weights, "--json"]) == 0
    assert spoken(capsys)["without_embedding"] == 0
