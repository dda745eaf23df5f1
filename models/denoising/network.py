"""DenoiseNet: counts and mask in, expected counts and their uncertainty out, whatever the dose, mask and frame size.

What the surroundings of a pixel say about its rate is the number of photons in them, at every scale. So the network
is given counts, not pictures: at each level of a U-Net (Ronneberger et al., MICCAI 2015) the photons summed over
blocks beside the number that a first estimate expects there, as a variance-stabilised difference (Anscombe,
Biometrika 35, 246, 1948). The first estimate is the radial profile, narrow where there are photons enough and wide
where there are not. The network finds the logarithm of the ratio of rate to profile, and the standard deviation of
the rate's root. Masked pixels count with no exposure, so that a gap says nothing instead of "dark". Where Friedel
symmetry holds, mates are summed before: twice the photons for half of the work.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

FEATURES = 6
MARGIN_PX = 16
"""Rows beyond the middle that are looked at where the other half is its mirror image."""

_WINDOWS_RINGS = (40, 16, 6, 2, 0)
_PRIOR_PHOTONS = 4.0
_FAR_PX = 96.0
_LEAST_RATE = 1e-7
_LEAST_PHOTONS = 1e-3
_LOG_DEVIATION = -2.0


@dataclass(frozen=True, slots=True)
class DenoiseConfig:
    """Sizes of a DenoiseNet; stored with the weights.

    Attributes:
        channels: of each level, from full resolution downwards, each half of the one before.
        blocks: residual blocks of each level, on the way down and on the way up.
    """

    channels: tuple[int, ...] = (16, 32, 64, 96, 96)
    blocks: tuple[int, ...] = (1, 1, 2, 2, 2)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, sizes: dict[str, Any]) -> DenoiseConfig:
        """The config `as_dict` gave, also after a journey through JSON. Raises TypeError for unknown sizes."""
        return cls(**{name: tuple(size) for name, size in sizes.items()})


class Estimate(NamedTuple):
    """What the network says of every pixel.

    Attributes:
        rate: (B, h, w) expected photons of one exposure, > 0.
        log_deviation: (B, h, w) logarithm of the standard deviation of √rate.
    """

    rate: Tensor
    log_deviation: Tensor


class DenoiseNet(nn.Module):
    """Rates of frames of any size.

    Args:
        config: sizes; the default is what `friedel train denoise` trains.
    """

    deviation_scale: Tensor

    def __init__(self, config: DenoiseConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DenoiseConfig()
        sizes, blocks = config.channels, config.blocks
        steps = list(pairwise(sizes))
        self.entry = nn.ModuleList(nn.Conv2d(FEATURES, n, 3, padding=1) for n in sizes)
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in steps)
        self.descend = nn.ModuleList(_stack(n, k) for n, k in zip(sizes, blocks, strict=True))
        self.up = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in steps)
        self.ascend = nn.ModuleList(_stack(n, k) for n, k in zip(sizes[:-1], blocks[:-1], strict=True))
        self.head = nn.Conv2d(sizes[0], 2, 3, padding=1)
        # It begins as the radial profile.
        _silence(self.head)
        # Of measured and of other pixels: what validation says the deviations must be multiplied by.
        self.register_buffer("deviation_scale", torch.ones(2))

    def forward(self, counts: Tensor, exposure: Tensor, radius: Tensor, half: int | None = None) -> Estimate:
        """Rates and deviations.

        Args:
            counts: (B, h, w) float32 photons, 0 where not exposed.
            exposure: (B, h, w) float32 ≥ 0, how often each pixel was: 0 masked, 2 for a pixel summed with its mate.
            radius: (B, h, w) float32 px from the beam.
            half: rows of the answer where the rest is its mirror image; None for all. The photons of these rows then
                set the scale.

        Returns:
            For (B, half or h, w): in sum over what is exposed as many photons are expected as there are.
        """
        profile = radial_profile(counts, exposure, radius)
        rows = counts.shape[1] if half is None else min(counts.shape[1], half + MARGIN_PX)
        out = self._correction(*(x[:, :rows] for x in (counts, exposure, radius, profile)))
        answer = slice(0, half)
        log_ratio, log_deviation = (out[:, channel, answer] for channel in (0, 1))
        rate = profile[:, answer] * log_ratio.clamp(-20.0, 20.0).exp()
        expected = (exposure[:, answer] * rate).sum((1, 2))
        scale = (counts[:, answer].sum((1, 2)) + _LEAST_PHOTONS) / (expected + _LEAST_PHOTONS)
        log_scale = torch.where(exposure[:, answer] > 0, self.deviation_scale[0].log(), self.deviation_scale[1].log())
        return Estimate(rate * scale[:, None, None], log_deviation + _LOG_DEVIATION + log_scale)

    def _correction(self, counts: Tensor, exposure: Tensor, radius: Tensor, profile: Tensor) -> Tensor:
        """(B, 2, h, w) logarithm of the ratio to the profile, and of the deviation."""
        h, w = counts.shape[1:]
        multiple = 2 ** (len(self.config.channels) - 1)
        rim = (0, -w % multiple, 0, -h % multiple)
        counts, exposure, radius, profile = (F.pad(x, rim) for x in (counts, exposure, radius, profile))
        levels = pyramid(counts, exposure, radius, profile, len(self.config.channels))
        x = self.descend[0](self.entry[0](levels[0]))
        kept = [x]
        for down, entry, descend, seen in zip(self.down, self.entry[1:], self.descend[1:], levels[1:], strict=True):
            x = descend(down(x) + entry(seen))
            kept.append(x)
        for up, ascend, fine in zip(reversed(self.up), reversed(self.ascend), reversed(kept[:-1]), strict=True):
            x = ascend(F.interpolate(up(x), scale_factor=2.0, mode="bilinear", align_corners=False) + fine)
        out: Tensor = self.head(F.relu(x))
        return out[:, :, :h, :w]


class Residual(nn.Module):
    """Two 3 × 3 convolutions beside a short cut; begins as the identity, so that no normalisation is needed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        _silence(self.second)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(F.relu(self.first(F.relu(x)), inplace=True)).add_(x)
        return out


def _silence(layer: nn.Conv2d) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def _stack(channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(channels) for _ in range(blocks)))


def pyramid(counts: Tensor, exposure: Tensor, radius: Tensor, profile: Tensor, levels: int) -> list[Tensor]:
    """What the levels are shown, (B, FEATURES, h, w) each.

    Photons found against expected, photons expected, photons found, exposure, profile, and distance from the beam;
    sums over blocks of the first three, means of the others, scaled to be of order 1.
    """
    summed = torch.stack([counts, profile * exposure], 1)
    near = (radius / _FAR_PX).clamp(max=1.0)
    plain = torch.stack([0.5 * exposure, 0.3 * profile.clamp_min(_LEAST_RATE).log(), 1.5 * near], 1)
    shown = []
    for level in range(levels):
        if level:
            summed, plain = 4 * F.avg_pool2d(summed, 2), F.avg_pool2d(plain, 2)
        found, expected = summed[:, 0], summed[:, 1]
        root = (found + 0.375).sqrt()
        excess = (root - (expected + 0.375).sqrt()).clamp(-12.0, 12.0)
        light = torch.stack([excess, 0.5 * (expected + 0.05).log(), 0.2 * root.clamp(max=50.0)], 1)
        shown.append(torch.cat([light, plain], 1))
    return shown


def radial_profile(counts: Tensor, exposure: Tensor, radius: Tensor) -> Tensor:
    """(B, h, w) photons per exposure by distance from the beam.

    Windows of rings, from wide to narrow, each with the wider one's rate as a Gamma prior worth four photons: few
    photons are averaged over many rings, many over one. Rings that nobody saw have the rate of those around them.
    """
    # From the nearest pixel on: a beam far off the frame costs no more than one in its middle.
    first = int(radius.amin())
    rings = int(radius.max()) - first + 2
    ring = radius.round().long().flatten(1) - first
    none = torch.zeros(len(counts), rings, dtype=torch.float64, device=counts.device)
    light = none.scatter_add(1, ring, counts.flatten(1).double())
    seen = none.scatter_add(1, ring, exposure.flatten(1).double())
    rate = ((light.sum(1) + 0.5) / seen.sum(1).clamp_min(1.0))[:, None].expand_as(light)
    light, seen = (F.pad(x.cumsum(1), (1, 0)) for x in (light, seen))
    place = torch.arange(rings, device=counts.device)
    for window in _WINDOWS_RINGS:
        # Narrower towards the beam, where the profile is steepest.
        reach = (place + first).clamp(max=window)
        low, high = (place - reach).clamp(min=0), (place + reach + 1).clamp(max=rings)
        photons, exposures = light[:, high] - light[:, low], seen[:, high] - seen[:, low]
        rate = (photons + _PRIOR_PHOTONS) / (exposures + _PRIOR_PHOTONS / rate)
    log_rate = rate.clamp_min(_LEAST_RATE).log()
    at = radius.flatten(1).double() - first
    inner = at.floor().long()
    part = at - inner
    found = log_rate.gather(1, inner) * (1 - part) + log_rate.gather(1, (inner + 1).clamp(max=rings - 1)) * part
    return found.exp().float().view_as(radius)
