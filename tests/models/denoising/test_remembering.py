"""Answers about a frame are kept by its content, not by the array that held it."""

from __future__ import annotations

import numpy as np

from models.denoising.remembering import remembered


def test_the_same_content_is_worked_out_once() -> None:
    asked: list[float] = []

    @remembered
    def total(values: np.ndarray, scale: float = 1.0) -> float:
        asked.append(float(values.sum()))
        return scale * float(values.sum())

    a = np.arange(6.0).reshape(2, 3)
    assert total(a) == total(a.copy()) == 15.0
    assert len(asked) == 1
    a[0, 0] = 1.0
    assert total(a) == 16.0, "it is the content that counts"
    assert total(a, scale=2.0) == 32.0
    assert total(a.reshape(3, 2)) == 16.0
    assert total(a.astype(np.float32)) == 16.0
    assert len(asked) == 5
    assert total.__name__ == "total"


def test_only_the_last_few_are_kept() -> None:
    asked: list[int] = []

    @remembered
    def first(values: np.ndarray) -> int:
        asked.append(int(values[0]))
        return int(values[0])

    for n in range(10):
        first(np.array([n]))
    assert first(np.array([9])) == 9
    assert len(asked) == 10
    assert first(np.array([0])) == 0
    assert len(asked) == 11
