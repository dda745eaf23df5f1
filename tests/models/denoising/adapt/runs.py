"""Runs in memory, and a small network to adapt to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.denoising import weights
from models.denoising.network import DenoiseConfig, DenoiseNet
from models.runs.types import Frame, Geometry, PixelFlag, RunIdentity

Array = npt.NDArray[np.float64]


class CountedRun:
    """Frames (n, H, W) as far as adapting looks at a run."""

    def __init__(
        self,
        counts: npt.NDArray[np.floating],
        mask: npt.NDArray[np.bool_] | None = None,
        centre_px: tuple[float, float] | None = None,
        unit: str = "photons",
    ) -> None:
        self.counts = counts.astype(np.float32)
        self.shape = counts.shape[1:]
        self.mask = np.ones(self.shape, np.bool_) if mask is None else mask
        self.geometry = Geometry(centre_px=centre_px)
        self.unit, self.name, self.dataset, self.path = unit, "made", "/data", Path("made")
        self.identity = RunIdentity("0123456789abcdef", len(counts))

    def __len__(self) -> int:
        return len(self.counts)

    def load(self, index: int) -> Frame:
        return Frame(index, self.counts[index], np.where(self.mask, 0, PixelFlag.MISSING).astype(np.uint8))


def middle(shape: tuple[int, int]) -> tuple[float, float]:
    return (shape[0] - 1) / 2, (shape[1] - 1) / 2


def striped(shape: tuple[int, int] = (32, 32), photons: float = 600.0) -> Array:
    """(H, W) rates of fringes about the middle, which no radial profile can follow; equal to their own mates."""
    y, x = (np.arange(n) - (n - 1) / 2 for n in shape)
    rate: Array = np.exp(-np.hypot(y[:, None], x[None, :]) / 10) * (1 + 0.95 * np.cos(2 * np.pi * x / 8))[None, :]
    return rate * photons / rate.sum()


def counted(rate: Array, n: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).poisson(rate, (n, *rate.shape)).astype(np.float32)


def small_weights(folder: Path) -> Path:
    """Weights of a network that has learned nothing yet: it says the radial profile."""
    import torch

    torch.manual_seed(0)
    path = folder / "small.safetensors"
    weights.save(DenoiseNet(DenoiseConfig((6, 8, 8), (1, 1, 1))), path, {"made_by": "a test"})
    return path
