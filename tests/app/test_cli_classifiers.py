"""`friedel classify --classifier`: methods from the literature in the place of the few-shot head."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from app.cli.dispatch import dispatch
from models.classifying.registry import CLASSIFIERS
from tests.models.classifying.scenes import run as scene


@pytest.fixture
def stack(tmp_path: Path) -> tuple[Path, Path, np.ndarray]:
    frames, _, classes = scene(20)
    run, table = tmp_path / "run.npy", tmp_path / "labels.csv"
    np.save(run, frames.astype(np.uint16))
    shown = [*np.flatnonzero(classes == 0)[:5], *np.flatnonzero(classes == 1)[:5]]
    table.write_text("\n".join(["index,label", *(f"{i},{('one', 'two')[classes[i]]}" for i in shown)]))
    return run, table, classes


def test_another_classifier_writes_the_same_table(
    stack: tuple[Path, Path, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, table, classes = stack
    out = tmp_path / "v.csv"
    words = ["classify", str(run), "--labels", str(table), "-o", str(out), "--json", "--classifier", "log-likelihood"]
    assert dispatch([*words, "--set", "blur=0.5", "--set", "turned=true"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["classifier"] == "log-likelihood"
    assert found["counts"]["unknown"] == 0
    assert found["balanced_accuracy_on_labels"] is not None
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["index", "event", "label", "confidence", "p_one", "p_two"]
    told = np.array([row["label"] == "two" for row in rows])
    assert np.mean(told == (classes == 1)) > 0.7
    # Its features are kept, and not taken for the speckle embedding.
    kept = list(tmp_path.rglob("embedding-*.h5"))
    assert [path.parent.name for path in kept] == ["features"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--classifier", "horoscope"], "angular-mlp"),
        (["--classifier", "cnn", "--set", "depth=3"], "learning_rate"),
        (["--classifier", "cnn", "--set", "steps=many"], "'many'"),
        (["--classifier", "cnn", "--set", "steps=0"], "steps is 0"),
        (["--set", "steps=5"], "--set is for the other classifiers"),
        (["--classifier", "specklenn"], "no weights"),
    ],
)
def test_a_wrong_choice_is_one_line(
    words: list[str], said: str, stack: tuple[Path, Path, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    run, table, _ = stack
    assert dispatch(["classify", str(run), "--labels", str(table), "-o", str(run.with_name("v.h5")), *words]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not run.with_name("v.h5").exists()


def test_the_classifiers_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        dispatch(["classify", "--list-classifiers"])
    assert stopped.value.code == 0
    told = capsys.readouterr().out
    assert all(info.title in told and info.paper in told for info in CLASSIFIERS.values())
