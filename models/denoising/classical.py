"""The classical methods: filters with their parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from models.denoising import filters
from models.denoising.friedel import Folded
from models.denoising.pipeline import Beam, Found, Pipeline, Scene
from models.denoising.settings import (
    FriedelMeanSettings,
    GaussianSettings,
    LowPassSettings,
    NonLocalMeansSettings,
    RadialMeanSettings,
    TotalVariationSettings,
)
from models.denoising.types import FloatArray

S = TypeVar("S", bound=FriedelMeanSettings)


def _method(
    name: str, smooth: Callable[[Folded, Scene, S], FloatArray], settings: S, beam: Beam = Beam.MATES
) -> Pipeline[S]:
    def step(folded: Folded, scene: Scene, settings: S) -> Found:
        return Found(smooth(folded, scene, settings))

    return Pipeline(name, step, settings, beam=beam, splits=settings.splits)


def friedel_mean(settings: FriedelMeanSettings) -> Pipeline[FriedelMeanSettings]:
    return _method("friedel", lambda f, _scene, _s: filters.mean_of_mates(f.counts, f.exposure), settings)


def radial_mean(settings: RadialMeanSettings) -> Pipeline[RadialMeanSettings]:
    def smooth(f: Folded, scene: Scene, _settings: RadialMeanSettings) -> FloatArray:
        return filters.radial_mean(f.counts, f.exposure, scene.centre_px)

    return _method("radial", smooth, settings, Beam.RINGS)


def gaussian(settings: GaussianSettings) -> Pipeline[GaussianSettings]:
    return _method("gaussian", lambda f, _scene, s: filters.gaussian(f.counts, f.exposure, s.sigma_px), settings)


def total_variation(settings: TotalVariationSettings) -> Pipeline[TotalVariationSettings]:
    return _method("tv", lambda f, _scene, s: filters.total_variation(f.counts, f.exposure, s.weight), settings)


def non_local_means(settings: NonLocalMeansSettings) -> Pipeline[NonLocalMeansSettings]:
    def smooth(f: Folded, _scene: Scene, s: NonLocalMeansSettings) -> FloatArray:
        return filters.non_local_means(f.counts, f.exposure, s.strength, s.patch_px, s.reach_px)

    return _method("nlm", smooth, settings)


def low_pass(settings: LowPassSettings) -> Pipeline[LowPassSettings]:
    def smooth(f: Folded, scene: Scene, s: LowPassSettings) -> FloatArray:
        spacing = s.speckle_px or scene.speckle_px
        if spacing is None:
            # No fringes are known of: nothing is left out.
            return filters.mean_of_mates(f.counts, f.exposure)
        return filters.low_pass(f.counts, f.exposure, spacing, s.rounds)

    return _method("low-pass", smooth, settings)
