"""The tables of success: what is chosen, what counts as good, what is said of programs that are not there."""

import importlib.util
import json

import numpy as np
import pytest

from benchmarks.phasing import judged, peer_plain, peer_pynx, peers, success
from benchmarks.phasing.judged import Found
from models.patterns import Pattern


@pytest.fixture
def truth():
    rng = np.random.default_rng(0)
    values = np.zeros((32, 32), np.complex64)
    values[10:20, 12:21] = rng.uniform(0.5, 1, (10, 9)) * np.exp(1j * rng.uniform(-1, 1, (10, 9)))
    return values


def _wrong(truth, seed):
    rng = np.random.default_rng(seed)
    return truth + 3 * rng.normal(size=truth.shape)


def test_a_program_is_judged_by_the_start_it_would_choose(truth):
    made = judged.judged(truth, [Found(truth, 2.0), Found(_wrong(truth, 1), 1.0)])
    assert made["error"] > 0.5
    assert made["starts"][1] < 1e-3
    assert judged.judged(truth, [Found(truth, 2.0), Found(_wrong(truth, 1), 3.0)])["error"] < 1e-3


def test_what_a_pattern_cannot_tell_costs_no_program_anything(truth):
    twin = np.conj(np.roll(truth[::-1, ::-1], (5, -3), (0, 1))) * 40 * np.exp(2j)
    assert judged.judged(truth, [Found(twin, 0.0)])["error"] < 1e-3


def test_no_start_and_no_finite_object_are_the_largest_error(truth):
    assert judged.judged(truth, []) == {"error": 1.0, "starts": []}
    broken = [Found(np.full_like(truth, np.nan), 0.0), Found(np.zeros_like(truth), 1.0)]
    assert judged.judged(truth, broken)["starts"] == [1.0, 1.0]


def test_a_start_without_a_figure_of_merit_is_chosen_last(truth):
    made = judged.judged(truth, [Found(_wrong(truth, 1), np.nan), Found(truth, 5.0)])
    assert made["error"] < 1e-3


def test_chosen_is_counted_among_objects_with_a_good_start_only():
    rows = [
        {"error": 0.1, "starts": [0.1, 0.9]},
        {"error": 0.8, "starts": [0.8, 0.2]},
        {"error": 0.8, "starts": [0.8, 0.7]},
        {"error": 1.0, "starts": []},
    ]
    assert judged.chosen_is_good(rows) == (1, 2)


def _row(program, number, error, starts, photons=1e6, stop=3, seconds=10.0):
    row = {"object": number, "photons": photons, "stop": stop, "error": error, "starts": starts, "seconds": seconds}
    return {"program": program, **row}


def _cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_rows_of_a_program_are_counted_by_hand():
    rows = [
        _row("scikit-beam", 0, 0.5, [0.5], seconds=4.0),
        _row("PyNX, id10", 0, 0.1, [0.1, 0.2, 0.8, 0.9], seconds=12.0),
        _row("PyNX, id10", 1, 0.7, [0.7, 0.25], seconds=20.0),
        _row("PyNX, id10", 2, 0.9, [], seconds=1.0),
    ]
    made = [_cells(line) for line in peers.table(rows).splitlines()]
    assert made[2] == [
        "PyNX, id10",
        "10^6",
        "3",
        "3",
        "6",
        "1 of 3",
        "0.700",
        "0.100 … 0.900",
        "1 of 2",
        "50%",
        "12",
        "20",
    ]
    assert made[3] == ["scikit-beam", "10^6", "3", "1", "1", "0 of 1", "0.500", "0.500 … 0.500", "–", "0%", "4", "4"]
    assert len(made) == 4
    assert {len(cells) for cells in made} == {12}


def test_conditions_stay_apart():
    rows = [
        _row("PyNX, id10", 0, 0.1, [0.1], 1e8, 0),
        _row("PyNX, id10", 0, 0.4, [0.4], 1e6, 3),
        _row("PyNX, id10", 0, 0.6, [0.6], 1e6, 6),
    ]
    made = [_cells(line) for line in peers.table(rows).splitlines()[2:]]
    assert [(cells[1], cells[2], cells[5]) for cells in made] == [
        ("10^8", "0", "1 of 1"),
        ("10^6", "3", "0 of 1"),
        ("10^6", "6", "0 of 1"),
    ]


@pytest.mark.parametrize("peer", peers.PEERS[1:], ids=lambda peer: peer.title)
def test_a_program_that_is_not_installed_is_a_sentence_and_no_failure(peer, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    rows, said = peers.run([peer], [0], judged.CONDITIONS, None)
    assert rows == []
    assert peers.words(rows, said) == f"{said[0]}"
    assert said[0].endswith("is not installed.")


def test_tables_are_put_together_from_parts(tmp_path, capsys):
    ours = {"object": 0, "kind": "blob", "photons": 1e8, "stop": 0, "error": 0.01, "average": 0.02, "possible": 0.005}
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    judged.append(first, {**ours, "starts": [0.01, 0.5], "seconds": 16.0})
    judged.append(first, {**ours, "object": 1, "error": 0.5, "starts": [0.5, 0.6], "seconds": 20.0})
    judged.append(second, _row("PyNX, id10", 0, 0.4, [0.4]))
    assert [json.loads(line)["object"] for line in first.read_text().splitlines()] == [0, 1]
    success.main(["--table", str(first), str(second)])
    made = capsys.readouterr().out.splitlines()
    assert _cells(made[2])[:4] == ["10^8", "0", "2", "50%"]
    assert _cells(made[2])[8] == "1 of 1"
    assert made[3] == ""
    assert _cells(made[6])[0] == "PyNX, id10"
    peers.main(["--table", str(first), str(second)])
    assert _cells(capsys.readouterr().out.splitlines()[2])[0] == "PyNX, id10"


def test_conditions_are_read_from_words_and_all_where_there_are_none():
    assert judged.conditions(["1e6,3", "1e8,0"]) == [(1e6, 3), (1e8, 0)]
    assert judged.conditions([]) == list(judged.CONDITIONS)


def test_the_figure_pynx_ranks_by_is_read_from_its_file_names():
    name = "data-2025-01-01T00-00-00_Run0002_LLKf003.2045_LLK001.2465_SupportThreshold0.40263.npz"
    assert peer_pynx.free_log_likelihood(name) == 3.2045
    assert peer_pynx.free_log_likelihood("data-Run0002_SupportThreshold0.4.npz") == np.inf


def test_the_first_support_of_the_published_recipe_is_as_wide_as_the_autocorrelation():
    square = np.zeros((64, 64))
    square[27:37, 27:37] = 1
    intensity = np.abs(np.fft.fftshift(np.fft.fft2(square, norm="ortho"))) ** 2
    support = peer_plain.autocorrelation_support(Pattern(intensity.astype(np.float32), np.ones((64, 64), bool)))
    # (10 − |x|)(10 − |y|) / 100 > 0.04 along an axis: |x| ≤ 9; on the diagonal (10 − d)² > 4: d ≤ 7.
    assert np.flatnonzero(support[32]).tolist() == list(range(23, 42))
    assert np.flatnonzero(np.diag(support)).tolist() == list(range(25, 40))
