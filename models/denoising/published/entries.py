"""The published networks as users choose them."""

from __future__ import annotations

from models.denoising.published import methods
from models.denoising.published.settings import PartialUNetSettings, RestoringUNetSettings
from models.denoising.published.weights import PARTIAL_UNET, RESTORING_UNET
from models.denoising.types import MethodInfo

ENTRIES = (
    MethodInfo(
        name=PARTIAL_UNET,
        title="Partial-convolution U-Net",
        paper="Lee et al., Phys. Rev. Research 3, 043066 (2021)",
        when="Published; for comparison. Trained again on the frames of Friedel's network; mixes Friedel mates.",
        parameters=PartialUNetSettings,
        make=methods.partial_unet,
        learned=True,
        digest=methods.partial_unet_digest,
    ),
    MethodInfo(
        name=RESTORING_UNET,
        title="Restoring U-Net",
        paper="Bellisario et al., J. Appl. Cryst. 55, 122 (2022)",
        when="Published; for comparison. Trained again on the same; what is faint beside the brightest is lost.",
        parameters=RestoringUNetSettings,
        make=methods.restoring_unet,
        learned=True,
        digest=methods.restoring_unet_digest,
    ),
)
