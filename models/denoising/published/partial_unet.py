"""The partial-convolution U-Net of Lee et al., Phys. Rev. Research 3, 043066 (2021), for single-pulse patterns.

Convolutions count measured pixels only (Liu et al., ECCV 2018): what a window holds is scaled by how much of it was
measured, and where a window held anything, the next layer takes its pixel for measured. So features flow into
holes from their rims until none is left. At the bottleneck every feature is mixed with that of its Friedel mate.
In goes the logarithm of the amplitude, out comes that of a hundred times the exposure.

Where this differs from the published one, and why:

- 6 of its 8 levels: frames of 128 px reach the bottleneck of 2 × 2 that theirs of 512 px had. Larger frames are taken
  whole; 4.7 MB of weights instead of 8.2.
- Its output is cut off at twice the logarithm of the brightest pixel. That darkens the peak of every frame whose
  brightest pixel holds fewer than some 60 photons, and is left out.
- Its doses and loss are not published with its code. Here: the doses, masks and particles that DenoiseNet is trained
  on, all in one set of weights; mean absolute error of the output, six times that in holes, the part of Liu's loss
  that needs no network trained on photographs.
- It was used to steer phase retrieval, changing the data by a quarter at most; here its output is taken as it is,
  holes included, scaled so that the measured pixels hold the photons counted there.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from models.denoising.published.scaling import holding

_EXPOSURE_ROOT = 10.0
_LARGEST_LOG = 20.0
_LEAK = 0.2
_HOLE_WEIGHT = 6.0


class Features(NamedTuple):
    """Values (B, C, h, w), and the mask (B, 1, h, w) that says with 1 or 0 where they rest on anything measured."""

    values: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class PartialUNetConfig:
    """Sizes of a PartialUNet; stored with the weights.

    Attributes:
        channels: of each level, from half the resolution downwards. kernels: px, of the convolution that leads there.
    """

    channels: tuple[int, ...] = (16, 32, 64, 128, 128, 128)
    kernels: tuple[int, ...] = (7, 5, 5, 3, 3, 3)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, sizes: dict[str, Any]) -> PartialUNetConfig:
        """The config `as_dict` gave, also after a journey through JSON. Raises TypeError for unknown sizes."""
        return cls(**{name: tuple(size) for name, size in sizes.items()})


class PartialUNet(nn.Module):
    """Rates of frames of any size with the beam in their middle."""

    def __init__(self, config: PartialUNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or PartialUNetConfig()
        sizes = (1, *config.channels)
        self.down = nn.ModuleList(
            PartialConv((fine,), coarse, kernel, stride=2)
            for (fine, coarse), kernel in zip(pairwise(sizes), config.kernels, strict=True)
        )
        # Neither the first layer, whose values mean something, nor the last is normalised.
        self.down_norm = nn.ModuleList([nn.Identity(), *(nn.BatchNorm2d(n) for n in config.channels[1:])])
        self.mixing = FriedelMixing(config.channels[-1])
        self.up = nn.ModuleList(PartialConv((coarse, fine), fine, 3) for fine, coarse in pairwise(sizes))
        self.up_norm = nn.ModuleList([nn.Identity(), *(nn.BatchNorm2d(n) for n in sizes[1:-1])])

    def forward(self, frame: Tensor, mask: Tensor) -> Tensor:
        """(B, H, W) output for input (B, H, W) and mask (B, H, W), 1 = measured."""
        h, w = frame.shape[1:]
        rim = _rim(h, w, 2 ** len(self.config.channels))
        x = Features(F.pad(frame, rim)[:, None], F.pad(mask, rim)[:, None])
        fine = [x]
        for conv, norm in zip(self.down, self.down_norm, strict=True):
            x = conv(x)
            x = Features(F.relu(norm(x.values)), x.mask)
            fine.append(x)
        x = Features(self.mixing(fine.pop().values), x.mask)
        for level in reversed(range(len(self.up))):
            x = self.up[level](Features(*(F.interpolate(part, scale_factor=2.0) for part in x)), fine[level])
            if level:
                x = Features(F.leaky_relu(self.up_norm[level](x.values), _LEAK), x.mask)
        return x.values[:, 0, rim[2] : rim[2] + h, rim[0] : rim[0] + w]

    def rate(self, counts: Tensor, measured: Tensor) -> Tensor:
        """Expected photons.

        Args:
            counts: (B, H, W) float32 photons, 0 where not measured, the beam in the middle.
            measured: (B, H, W) float32, 1 or 0.

        Returns:
            (B, H, W) ≥ 0; on the measured pixels they add up to the photons counted there.
        """
        frame, scale = encode(counts)
        return holding(decode(self(frame, measured), scale), counts, measured)


class PartialConv(nn.Module):
    """A convolution over what was measured.

    Args:
        inputs: channels of the features it is given, each with its own mask. outputs: channels.
        kernel: px, odd. stride: px.
    """

    def __init__(self, inputs: Sequence[int], outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.inputs = tuple(inputs)
        self.conv = nn.Conv2d(sum(inputs), outputs, kernel, stride, kernel // 2, bias=False)
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.kaiming_normal_(self.conv.weight, a=_LEAK)

    def forward(self, *parts: Features) -> Features:
        """W·(x m) · (window / measured part of it) + b where a window holds anything measured, 0 elsewhere.

        Beyond the edge nothing is measured.
        """
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        measured = torch.stack(
            [
                n * kernel**2 * F.avg_pool2d(part.mask, kernel, stride, kernel // 2)
                for n, part in zip(self.inputs, parts, strict=True)
            ]
        ).sum(0)
        found = self.conv(torch.cat([part.values * part.mask for part in parts], 1))
        # Half a pixel tells "some" from "none": box means of ones and zeros are rounded.
        mask = (measured > 0.5).to(found.dtype)
        share = sum(self.inputs) * kernel**2 / measured.clamp_min(1.0)
        return Features((found * share + self.bias[:, None, None]) * mask, mask)


class FriedelMixing(nn.Module):
    """Each channel mixed with itself turned by 180°: a x + b x(−q) + c, with a, b, c of its own.

    Begins as the mean of the two.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.own, self.mates = (nn.Parameter(torch.full((channels, 1, 1), 0.5)) for _ in range(2))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.own * x + self.mates * x.flip(2, 3) + self.bias
        return mixed


def encode(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Input (B, H, W): log(1 + √counts) over its largest value, or over 1 where that is less; and this scale (B,)."""
    logs = counts.sqrt().log1p()
    scale = logs.amax((1, 2)).clamp_min(1.0)
    return logs / scale[:, None, None], scale


def target(rate: Tensor, scale: Tensor) -> Tensor:
    """The output (B, H, W) that stands for a rate: log(1 + 10 √rate), that of 100 exposures, over the scale."""
    return (_EXPOSURE_ROOT * rate.sqrt()).log1p() / scale[:, None, None]


def decode(output: Tensor, scale: Tensor) -> Tensor:
    """The rate (B, H, W) that an output stands for."""
    amplitude = (output * scale[:, None, None]).clamp(0.0, _LARGEST_LOG).expm1() / _EXPOSURE_ROOT
    return amplitude.square()


def loss(network: PartialUNet, counts: Tensor, measured: Tensor, rate: Tensor) -> Tensor:
    """Mean absolute error of the output on measured pixels, and six times that on the others."""
    frame, scale = encode(counts)
    error: Tensor = (network(frame, measured) - target(rate, scale)).abs()
    return (error * (measured + _HOLE_WEIGHT * (1 - measured))).mean()


def _rim(h: int, w: int, multiple: int) -> tuple[int, int, int, int]:
    """Padding (left, right, top, bottom) to whole blocks that leaves the middle in the middle."""
    x, y = -w % multiple, -h % multiple
    return x // 2, x - x // 2, y // 2, y - y // 2
