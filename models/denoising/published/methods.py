"""The published networks as methods.

They say no deviations of their own: these come from setting photons aside, a pass of the network for each draw.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from models.denoising.limits import Limits, beyond
from models.denoising.pipeline import Beam, Found, Pipeline, Scene
from models.denoising.published import weights
from models.denoising.published.settings import PartialUNetSettings, RestoringUNetSettings
from models.denoising.window import Window

if TYPE_CHECKING:
    from models.denoising.friedel import Folded
    from models.denoising.published.partial_unet import PartialUNet
    from models.denoising.published.restoring_unet import RestoringUNet

_NETWORKS_KEPT = 2
_MOST_DARKNESS = 3
"""How many times higher or wider a picture may become by bringing the beam into its middle."""
_FAR = "the beam lies far beside what is measured: what the network takes for Friedel mates are none"


def partial_unet(settings: PartialUNetSettings) -> Pipeline[PartialUNetSettings]:
    """Lee et al. 2021; weights are read when the first frame is denoised."""

    def step(folded: Folded, scene: Scene, settings: PartialUNetSettings) -> Found:
        # Its mixing of mates turns the whole picture: the beam has to be in the middle.
        window, whole = _about(scene, folded.counts.shape), Window(0, 0, *folded.counts.shape)
        if _too_large(window, whole):
            found = _found(weights.PARTIAL_UNET, settings.weights, folded, scene, whole)
            return replace(found, warnings=(*found.warnings, _FAR))
        return _found(weights.PARTIAL_UNET, settings.weights, folded, scene, window)

    return Pipeline(weights.PARTIAL_UNET, step, settings, beam=Beam.ALWAYS, splits=settings.splits)


def restoring_unet(settings: RestoringUNetSettings) -> Pipeline[RestoringUNetSettings]:
    """Bellisario et al. 2022; weights are read when the first frame is denoised."""

    def step(folded: Folded, scene: Scene, settings: RestoringUNetSettings) -> Found:
        window = Window(0, 0, *folded.counts.shape)
        return _found(weights.RESTORING_UNET, settings.weights, folded, scene, window)

    return Pipeline(weights.RESTORING_UNET, step, settings, splits=settings.splits)


def partial_unet_digest(settings: PartialUNetSettings) -> str:
    """First digits of the weights' SHA-256. Raises BadWeights."""
    return weights.FORMATS[weights.PARTIAL_UNET].digest(settings.weights)


def restoring_unet_digest(settings: RestoringUNetSettings) -> str:
    """First digits of the weights' SHA-256. Raises BadWeights."""
    return weights.FORMATS[weights.RESTORING_UNET].digest(settings.weights)


def _found(name: str, name_or_path: str, folded: Folded, scene: Scene, window: Window) -> Found:
    import torch

    net, limits = _loaded(name, name_or_path)
    # Summed mates are a frame of twice the photons; a pixel whose mate was not seen stands for both.
    twice = 2.0 if scene.folded else 1.0
    exposure = window.cut(folded.exposure)
    seen = exposure > 0
    light = window.cut(folded.counts) * np.where(seen, twice / np.maximum(exposure, 1e-6), 0)
    with torch.inference_mode():
        counts, measured = (torch.from_numpy(a.astype(np.float32))[None] for a in (light, seen))
        rate = net.rate(counts, measured)[0].numpy() / np.float32(twice)
    out = np.zeros_like(folded.counts)
    window.put(rate, out)
    return Found(out, warnings=_warnings(limits, folded, scene, float(light.sum(dtype=np.float64)) / twice))


def _warnings(limits: Limits | None, folded: Folded, scene: Scene, photons: float) -> tuple[str, ...]:
    most = math.inf if limits is None else limits.photons[1]
    words = beyond(limits, folded, scene, photons=min(photons, most))
    if photons > most:
        return (f"{photons:.2g} photons, and the network was trained on at most {most:.2g}", *words)
    return words


def _about(scene: Scene, shape: tuple[int, ...]) -> Window:
    """The smallest window around a whole picture with the beam in its middle."""
    edges = []
    for centre, n in zip(scene.centre_px, shape, strict=True):
        total = round(2 * centre)
        low, high = min(0, total - (n - 1)), max(n - 1, total)
        edges.append((low, high - low + 1))
    (top, height), (left, width) = edges
    return Window(top, left, height, width)


def _too_large(window: Window, whole: Window) -> bool:
    return any(size > _MOST_DARKNESS * n for size, n in zip(window.shape, whole.shape, strict=True))


@lru_cache(maxsize=_NETWORKS_KEPT)
def _cached(name: str, path: str, _changed_ns: int) -> tuple[PartialUNet | RestoringUNet, Limits | None]:
    net, info = weights.load(name, path)
    return net, Limits.of(info.provenance)


def _loaded(name: str, name_or_path: str) -> tuple[PartialUNet | RestoringUNet, Limits | None]:
    path = weights.FORMATS[name].locate(name_or_path)
    return _cached(name, str(path), path.stat().st_mtime_ns)
