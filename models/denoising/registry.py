"""Every method a frame can be denoised with, by name. Nothing heavy is loaded before one is used."""

from __future__ import annotations

from typing import Any

from models.denoising import classical, learned
from models.denoising.published.entries import ENTRIES as _PUBLISHED
from models.denoising.settings import (
    FriedelMeanSettings,
    GaussianSettings,
    LowPassSettings,
    NetworkSettings,
    NonLocalMeansSettings,
    RadialMeanSettings,
    TotalVariationSettings,
)
from models.denoising.types import Denoiser, MethodInfo
from models.errors import BadParameter
from models.parameters import validate

DEFAULT = "network"

_LEARNED = (
    MethodInfo(
        name="network",
        title="Friedel's network",
        paper="",
        when="The most accurate from 50 to 10⁶ photons, with any mask; says how sure it is, and when it cannot be.",
        parameters=NetworkSettings,
        make=learned.network,
        sketch=learned.sketch,
        learned=True,
        digest=learned.digest,
    ),
)
"""Methods with trained weights."""

_CLASSICAL = (
    MethodInfo(
        name="tv",
        title="Total variation",
        paper="Chambolle, J. Math. Imaging Vis. 20, 89 (2004); Mäkitalo & Foi, IEEE TIP 20, 99 (2011)",
        when="The best of the classical ones at any dose: keeps edges of fringes, flattens what is noise.",
        parameters=TotalVariationSettings,
        make=classical.total_variation,
    ),
    MethodInfo(
        name="nlm",
        title="Non-local means",
        paper="Buades et al., CVPR (2005); Darbon et al., ISBI (2008)",
        when="Averages patches that look alike; from some thousand photons on, bad at a hundred.",
        parameters=NonLocalMeansSettings,
        make=classical.non_local_means,
        live=False,
    ),
    MethodInfo(
        name="gaussian",
        title="Gaussian blur",
        paper="",
        when="The plainest, and the fastest; blurs fringes as much as noise.",
        parameters=GaussianSettings,
        make=classical.gaussian,
    ),
    MethodInfo(
        name="low-pass",
        title="Autocorrelation low-pass",
        paper="Bellisario et al., J. Appl. Cryst. 55, 122 (2022)",
        when="Keeps what an object of this size can scatter; continues fringes into gaps; rings at few photons.",
        parameters=LowPassSettings,
        make=classical.low_pass,
    ),
    MethodInfo(
        name="friedel",
        title="Friedel mean",
        paper="Friedel, C. R. Acad. Sci. 157, 1533 (1913)",
        when="Averages each pixel with its mate and does nothing else; fills gaps whose mates were measured.",
        parameters=FriedelMeanSettings,
        make=classical.friedel_mean,
    ),
    MethodInfo(
        name="radial",
        title="Radial mean",
        paper="",
        when="One value per ring: for round particles, and as the mark that others have to beat.",
        parameters=RadialMeanSettings,
        make=classical.radial_mean,
    ),
)

METHODS: dict[str, MethodInfo] = {info.name: info for info in (*_LEARNED, *_CLASSICAL, *_PUBLISHED)}
"""Every method by name, in the order of menus."""


def method(name: str) -> MethodInfo:
    """The method of that name.

    Raises:
        BadParameter: there is none.
    """
    try:
        return METHODS[name]
    except KeyError:
        raise BadParameter(f"there is no method {name!r}", cause=f"there are {', '.join(METHODS)}") from None


def make(name: str, parameters: Any = None) -> Denoiser:
    """A denoiser.

    Args:
        name: key of `METHODS`.
        parameters: of the method's own dataclass; its defaults where None.

    Raises:
        BadParameter: no such method, another's parameters, or one out of range.
    """
    info = method(name)
    parameters = info.parameters() if parameters is None else parameters
    if not isinstance(parameters, info.parameters):
        raise BadParameter(
            f"{type(parameters).__name__} are no parameters of {info.title}",
            cause=f"it takes {info.parameters.__name__}",
        )
    return info.make(validate(parameters))
