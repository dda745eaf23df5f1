"""Pictures of amplitudes, as the service makes them."""

from __future__ import annotations

import numpy as np
import pytest

from app.phasing import pictures


@pytest.mark.parametrize("shape", [(24, 31), (8, 9, 10)])
def test_amplitudes_are_centred_and_keep_the_power_whichever_library_transforms(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    values = (rng.random(shape) + 1j * rng.random(shape)).astype(np.complex64)
    small = pictures.amplitude_of(values)
    monkeypatch.setattr(pictures, "_NUMPY_PIXELS", 0)
    large = pictures.amplitude_of(values)
    assert small.dtype == large.dtype == np.float32
    np.testing.assert_allclose(small, large, rtol=1e-4, atol=1e-4)
    assert float((small**2).sum()) == pytest.approx(float((np.abs(values) ** 2).sum()), rel=1e-5)
    assert np.unravel_index(small.argmax(), shape) == tuple(n // 2 for n in shape), "the mean is the largest by far"
