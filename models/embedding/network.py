"""SpeckleNet: one diffraction frame in, one 128-number vector on the unit sphere out.

It does the work of the network of Wang et al. (IUCrJ 10, 568, 2023; "SpeckleNN"), which embeds frames with two
convolutions and a fully connected layer. What is different, and why:

- The mask is an input, so a gap is not mistaken for darkness.
- A second branch looks at the modulus of the Fourier transform of the frame, which is the autocorrelation of the
  projected density: two particles that touch put side lobes there, and every photon of the frame contributes to them,
  so they are still seen where single pixels are mostly empty. The map is read in polar coordinates and pooled over
  the angle, which makes its features independent of the particle's in-plane orientation and of where the beam centre
  is.
- Pooling is global, so any frame size goes through the same 0.4 M weights.
- Group normalisation: a frame's vector never depends on the other frames of its batch.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

_SURROUNDINGS_PX = 3.0
"""Gaussian width over which a pixel's surroundings are averaged, in pixels of the prepared frame."""


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Sizes of a SpeckleNet; stored with the weights.

    Attributes:
        dimensions: length of the output vector.
        fourier_size: side the frame is zero-padded to before its Fourier transform, in pixels.
        radii, angles: polar sampling of the Fourier modulus, over 0 … 0.5 cycles per pixel and 0 … π.
        polar_channels: channels of the three convolutions of the Fourier branch.
        image_channels: channels of the three convolutions of the image branch.
        hidden: width of the fully connected layer before the output.
    """

    dimensions: int = 128
    fourier_size: int = 80
    radii: int = 32
    angles: int = 24
    polar_channels: tuple[int, int, int] = (16, 32, 64)
    image_channels: tuple[int, int, int] = (16, 32, 64)
    hidden: int = 256

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, sizes: dict[str, Any]) -> NetworkConfig:
        """The config `as_dict` gave, also after a journey through JSON. Raises TypeError for unknown sizes."""
        values: dict[str, Any] = {
            name: tuple(size) if isinstance(size, list) else size for name, size in sizes.items()
        }
        return cls(**values)


class SpeckleNet(nn.Module):
    """Embeds prepared frames.

    Args:
        config: sizes; the default is what the bundled weights have.
    """

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        self.polar_map = PolarFourier(config.fourier_size, config.radii, config.angles)
        a, b, c = config.polar_channels
        self.polar1 = PolarConvolution(3, a, stride=1)
        self.polar2 = PolarConvolution(a, b, stride=2)
        self.polar3 = PolarConvolution(b, c, stride=2)
        d, e, f = config.image_channels
        self.image = nn.Sequential(
            nn.Conv2d(2, d, 5, stride=2, padding=2, bias=False),
            nn.GroupNorm(4, d),
            nn.ReLU(inplace=True),
            nn.Conv2d(d, e, 3, stride=2, padding=1, bias=False),
            nn.GroupNorm(4, e),
            nn.ReLU(inplace=True),
            nn.Conv2d(e, f, 3, stride=2, padding=1, bias=False),
            nn.GroupNorm(4, f),
            nn.ReLU(inplace=True),
        )
        self.branch_widths = 2 * c * ((config.radii + 3) // 4), 2 * f
        self.head = nn.Sequential(
            nn.Linear(sum(self.branch_widths), config.hidden),
            nn.ReLU(inplace=True),
            nn.Linear(config.hidden, config.dimensions),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Vectors of prepared frames.

        Args:
            x: (B, 2, h, w) float32 from `preparation.prepare`: square-root intensity, mask.

        Returns:
            (B, dimensions) float32 of unit length.
        """
        return self.join(*self.branches(x))

    def branches(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled features of the polar and the image branch, (B, `branch_widths[0]`) and (B, `branch_widths[1]`)."""
        p = self.polar3(self.polar2(self.polar1(self.polar_map(x))))
        i = self.image(x)
        return torch.cat([p.mean(3), p.amax(3)], 1).flatten(1), torch.cat([i.mean((2, 3)), i.amax((2, 3))], 1)

    def join(self, polar: Tensor, image: Tensor) -> Tensor:
        """(B, dimensions) float32 of unit length from the features of both branches."""
        return F.normalize(self.head(torch.cat([polar, image], 1)), dim=1)


class PolarConvolution(nn.Module):
    """3 × 3 convolution over (radius, angle), wrapped around in angle, with group normalisation and ReLU."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, stride=stride, padding=(1, 0), bias=False)
        self.norm = nn.GroupNorm(4, out)

    def forward(self, x: Tensor) -> Tensor:
        # Opposite angles of an autocorrelation are equal, so half a turn closes the circle.
        x = torch.cat([x[..., -1:], x, x[..., :1]], 3)
        return F.relu(self.norm(self.conv(x)), inplace=True)


class PolarFourier(nn.Module):
    """Modulus of the frame's Fourier transform in polar coordinates.

    Three views of the frame are transformed: the intensity, its square root, and the intensity's deviation from its
    surroundings in units of the counting noise, which lets weak outer speckles speak beside the strong centre.

    Args:
        size: side the frame is zero-padded (or cropped) to, in pixels.
        radii, angles: samples over 0 … 0.5 cycles per pixel and 0 … π.
    """

    index: Tensor
    weight: Tensor

    def __init__(self, size: int, radii: int, angles: int) -> None:
        super().__init__()
        self.size, self.radii, self.angles = size, radii, angles
        index, weight = polar_samples(size, radii, angles)
        self.register_buffer("index", index, persistent=False)
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2, h, w) prepared frames to (B, 3, radii, angles)."""
        views = self._views(x)
        half = torch.view_as_real(torch.fft.rfft2(views, s=(self.size, self.size)))
        power = half[..., 0].square().addcmul_(half[..., 1], half[..., 1]).view(3 * len(x), -1)
        # Each view in units of its own mean power, so that neither dose nor frame size sets the scale.
        scale = power.mean(1, keepdim=True).clamp_min_(1e-12)
        taps = power.index_select(1, self.index).view(3 * len(x), 4, -1)
        polar = taps.mul_(self.weight).sum(1).div_(scale).sqrt_().log1p_()
        return polar.view(len(x), 3, self.radii, self.angles)

    @staticmethod
    def _views(x: Tensor) -> Tensor:
        """(B, 3, h, w) intensity, its root, and its deviation from the surroundings.

        In place where it can be: on small frames allocating memory costs as much as the arithmetic.
        """
        root, mask = x[:, 0], x[:, 1]
        intensity = root * root
        near = blur(torch.stack([intensity, mask], 1), _SURROUNDINGS_PX)
        local = near[:, 0].div_(near[:, 1].clamp_min_(1e-3))
        # Behind the beam stop and in gaps the surroundings' mean: a dark hole would ring through the whole transform.
        hidden = (1 - mask).clamp_min_(0.0).mul_(local)
        views = x.new_empty(len(x), 3, *x.shape[2:])
        views[:, 0] = torch.addcmul(hidden, intensity, mask)
        views[:, 1] = hidden.sqrt_().addcmul_(root, mask)
        views[:, 2] = intensity.sub_(local).mul_(mask).mul_(local.add_(0.05).rsqrt_())
        return views


def blur(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (B, C, h, w) with nothing beyond the edges; two matrix products, faster than pooling."""

    def band(n: int) -> Tensor:
        place = torch.arange(n, dtype=images.dtype, device=images.device)
        apart = ((place[:, None] - place[None, :]) / sigma).square()
        # Cut at four sigma: the far tail is denormal numbers, which processors multiply very slowly.
        return torch.exp(-0.5 * apart) * (apart < 16)

    return band(images.shape[2]) @ images @ band(images.shape[3])


def polar_samples(size: int, radii: int, angles: int) -> tuple[Tensor, Tensor]:
    """Where to read a half-plane Fourier transform bilinearly on a polar grid.

    Returns:
        Flat indices int64 (4·radii·angles,) into a (size, size // 2 + 1) half plane, and their weights, float32
        (4, radii·angles).
    """
    radius = (torch.arange(radii, dtype=torch.float64) + 0.75) * (size / 2 - 1.5) / radii
    angle = (torch.arange(angles, dtype=torch.float64) + 0.5) * math.pi / angles - math.pi / 2
    column = radius[:, None] * torch.cos(angle)[None, :]
    row = radius[:, None] * torch.sin(angle)[None, :]
    r0, c0 = torch.floor(row), torch.floor(column)
    fr, fc = row - r0, column - c0
    width = size // 2 + 1
    index, weight = [], []
    for dr in (0, 1):
        for dc in (0, 1):
            index.append((((r0 + dr) % size) * width + (c0 + dc).clamp(0, width - 1)).long().flatten())
            weight.append(((fr if dr else 1 - fr) * (fc if dc else 1 - fc)).float().flatten())
    return torch.cat(index), torch.stack(weight)
