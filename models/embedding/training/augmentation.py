"""Noise-free frames become exposures, another one every time they are asked for.

Nothing but the particle's form may tell one class from another, so everything else is drawn whatever the class:
photons log-uniform over three decades, background, the beam's position, turns, mirror images, the size of the
speckles, beam stop, gaps, missing halves and modules, streaks, saturation, dead and hot pixels, electronic noise.

Work is done on the network's own 64-pixel grid: Poisson counts of areas are Poisson counts again, so no photon has to
be thrown on the finer detector first. Masks are drawn at twice that sampling, because their edges cut pixels.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.embedding.preparation import LEAST_VALID_SHARE, SIDE_PX, cap_hot_pixels, stabilise, subtract_noise
from models.embedding.training.masks import log_uniform, random_masks, uniform


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is varied, and how far.

    Attributes:
        photons: lowest and highest expected photons in a frame; log-uniform.
        background: lowest and highest share of them that is background; log-uniform.
        zoom: lowest and highest magnification of the speckles; log-uniform.
        shift_px: standard deviation of the beam's position, prepared pixels; five times that in every twelfth frame.
        streaks: share of frames with streaks or spots that are not the sample's.
        saturated: share of frames cut off at a saturation level.
        masks: (m, h, w) float valid shares, one of them drawn for every frame; None draws another detector for every
            frame.
        any_shape: frames are now and then smaller or oblong; otherwise they have the masks' shape.
    """

    photons: tuple[float, float] = (50.0, 50_000.0)
    background: tuple[float, float] = (0.005, 0.35)
    zoom: tuple[float, float] = (0.8, 1.5)
    shift_px: float = 1.0
    streaks: float = 0.0
    saturated: float = 0.0
    masks: Tensor | None = None
    any_shape: bool = True


def expose(roots: Tensor, conditions: Conditions, rng: torch.Generator) -> Tensor:
    """Network input of fresh exposures.

    Args:
        roots: (n, s, s) square roots of noise-free intensity with the beam in the middle; all 0 for blanks.
        conditions: what is varied.
        rng: the only source of chance.

    Returns:
        (n, 2, h, w) as `preparation.prepare` gives it; h and w at most 64, the same for the whole batch.
    """
    n = len(roots)
    masks = random_masks(n, (SIDE_PX, SIDE_PX), 0.0, rng) if conditions.masks is None else conditions.masks
    whole = masks.shape[1], masks.shape[2]
    shape = _frame_shape(rng) if conditions.any_shape else whole
    shape = min(shape[0], whole[0]), min(shape[1], whole[1])
    y, x = (whole[0] - shape[0]) // 2, (whole[1] - shape[1]) // 2
    share = masks[torch.randint(len(masks), (n,), generator=rng), y : y + shape[0], x : x + shape[1]]
    signal = _place(roots.float(), shape, conditions, rng).square()
    photons = log_uniform(n, conditions.photons, rng)
    part = log_uniform(n, conditions.background, rng)
    visible = (signal * share).sum((1, 2))
    part = torch.where(visible > 0, part, 1.0)
    back = backgrounds(n, shape, rng)
    back = back / (back * share).sum((1, 2), keepdim=True).clamp_min(1e-6)
    signal = signal / visible.clamp_min(1e-12)[:, None, None]
    expected = photons[:, None, None] * ((1 - part)[:, None, None] * signal + part[:, None, None] * back)
    _add_streaks(expected, photons, conditions.streaks, rng)
    counts = torch.poisson(expected * share, generator=rng)
    counts, share = _saturate(_electronics(counts, share, rng), share, conditions.saturated, rng)
    return prepared(counts, share)


def prepared(counts: Tensor, share: Tensor) -> Tensor:
    """(n, 2, h, w) network input of (n, h, w) counts already on the prepared grid and their valid share."""
    counts = cap_hot_pixels(subtract_noise(counts), (share > 0).float())
    return stabilise(torch.where(share > 0, counts / share.clamp_min(LEAST_VALID_SHARE), 0.0), share)


def backgrounds(n: int, shape: tuple[int, int], rng: torch.Generator) -> Tensor:
    """(n, h, w) smooth backgrounds: a halo around the beam on a flat floor, with a slope."""
    y, x = _axes(shape)
    width = uniform(n, (0.05, 0.35), rng)[:, None, None]
    floor = uniform(n, (0.0, 1.0), rng)[:, None, None]
    halo = (1 + (y * y + x * x) / (4 * width**2)) ** -1.5
    halo = halo / halo.mean((1, 2), keepdim=True)
    slope = 0.15 * torch.randn((2, n, 1, 1), generator=rng)
    return ((1 - floor) * halo + floor) * (1 + slope[0] * y + slope[1] * x).clamp(0.0, 2.0)


def _add_streaks(expected: Tensor, photons: Tensor, chance: float, rng: torch.Generator) -> None:
    """Rays through the beam, bands beside it and spots, 0.05 to 5 times the frame's photons, onto some frames."""
    chosen = torch.nonzero(torch.rand(len(expected), generator=rng) < chance)[:, 0]
    m = len(chosen)
    if not m:
        return
    h, w = expected.shape[1:]

    def draw(low: float, high: float) -> Tensor:
        return uniform(m, (low, high), rng)[:, None, None]

    y = torch.arange(h).float()[None, :, None] - (h - 1) / 2
    x = torch.arange(w).float()[None, None, :] - (w - 1) / 2
    # A ray starts at the beam; a band or a spot may lie anywhere.
    astray = (torch.rand((m, 1, 1), generator=rng) < 0.3).float()
    y = y - draw(-1.5, 1.5) - astray * draw(-0.5, 0.5) * h
    x = x - draw(-1.5, 1.5) - astray * draw(-0.5, 0.5) * w
    angle = draw(0.0, 2 * math.pi)
    along = x * torch.cos(angle) + y * torch.sin(angle)
    across = y * torch.cos(angle) - x * torch.sin(angle)
    width = torch.exp(draw(math.log(0.3), math.log(2.5)))
    length = torch.exp(draw(math.log(1.0), math.log(60.0)))
    light = torch.exp(-0.5 * (across / width) ** 2) / (1 + (along / length) ** 2)
    one_sided = torch.rand((m, 1, 1), generator=rng) < 0.4
    light = torch.where(one_sided & (along < 0), 0.0, light)
    strength = torch.exp(draw(math.log(0.05), math.log(5.0))) * photons[chosen, None, None]
    light = light / light.sum((1, 2), keepdim=True).clamp_min(1e-6)
    # The detector cannot count more than so many there.
    limit = light.amax((1, 2), keepdim=True) * torch.exp(draw(math.log(0.02), 0.0))
    expected[chosen] += torch.minimum(light, limit) * strength


def _saturate(counts: Tensor, share: Tensor, chance: float, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Some frames cut off at a part of their largest value; half of these have the pixels there masked."""
    n = len(counts)
    level = counts.amax((1, 2)) * torch.exp(uniform(n, (math.log(0.1), 0.0), rng))
    hit = (torch.rand(n, generator=rng) < chance) & (level > 2)
    masked = hit & (torch.rand(n, generator=rng) < 0.5)
    level = torch.where(hit, level, torch.inf)[:, None, None]
    over = counts >= level
    share = torch.where(over & masked[:, None, None], 0.0, share)
    return torch.where(share > 0, torch.minimum(counts, level), 0.0), share


def _electronics(counts: Tensor, share: Tensor, rng: torch.Generator) -> Tensor:
    """Hot pixels in a tenth of the frames, electronic noise (with its negative values) in another seventh."""
    n = len(counts)
    hot = torch.rand(counts.shape, generator=rng) < 0.0007
    hot = hot & (torch.rand((n, 1, 1), generator=rng) < 0.1) & (share > 0)
    height = 10 ** uniform(n, (0.5, 3.5), rng)[:, None, None]
    counts = torch.where(hot, counts + height, counts)
    width = uniform(n, (0.02, 0.4), rng)[:, None, None]
    noisy = (torch.rand((n, 1, 1), generator=rng) < 0.15) & (share > 0)
    return torch.where(noisy, counts + width * torch.randn(counts.shape, generator=rng), counts)


def _place(roots: Tensor, shape: tuple[int, int], conditions: Conditions, rng: torch.Generator) -> Tensor:
    """Turned, mirrored, magnified, shifted and cut to `shape`; half of the frames without any interpolation."""
    n, side, _ = roots.shape
    half = n // 2
    order = torch.randperm(n, generator=rng)
    out = torch.empty((n, *shape))
    shift = conditions.shift_px * torch.randn((n, 2), generator=rng)
    far = torch.rand(n, generator=rng) < 0.08
    shift[far] *= 5
    for i in order[:half].tolist():
        quarter, mirror = (int(v) for v in torch.randint(0, 4, (2,), generator=rng))
        frame = torch.rot90(roots[i], quarter)
        frame = frame.flip(0) if mirror % 2 else frame
        top = [(side - shape[k]) // 2 + round(float(shift[i, k])) for k in (0, 1)]
        top = [min(max(t, 0), side - shape[k]) for k, t in enumerate(top)]
        out[i] = frame[top[0] : top[0] + shape[0], top[1] : top[1] + shape[1]]
    rest = order[half:]
    m = len(rest)
    angle = uniform(m, (0.0, 2 * math.pi), rng)
    scale = 1 / log_uniform(m, conditions.zoom, rng)
    mirror_sign = torch.where(torch.rand(m, generator=rng) < 0.5, 1.0, -1.0)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    fy, fx = shape[0] / side, shape[1] / side
    offset = shift[rest] * 2 / side
    theta = torch.stack(
        [
            torch.stack([cos * fx * mirror_sign, -sin * fy, -(cos * offset[:, 1] - sin * offset[:, 0])], 1),
            torch.stack([sin * fx * mirror_sign, cos * fy, -(sin * offset[:, 1] + cos * offset[:, 0])], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, [m, 1, *shape], align_corners=False)
    turned = F.grid_sample(roots[rest, None], grid, mode="bicubic", padding_mode="border", align_corners=False)
    out[rest] = turned[:, 0].clamp_min(0.0)
    return out


def _frame_shape(rng: torch.Generator) -> tuple[int, int]:
    """Mostly square and whole; now and then smaller or oblong, so that no frame size is new to the network."""
    if float(torch.rand((), generator=rng)) < 0.6:
        return SIDE_PX, SIDE_PX
    h, w = (int(v) for v in torch.randint(40, SIDE_PX + 1, (2,), generator=rng))
    return h, w


def _axes(shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Coordinates from −1 to 1 over the longer side, (1, h, 1) and (1, 1, w)."""
    longest = max(shape)
    y = (torch.arange(shape[0]) - (shape[0] - 1) / 2) * (2 / longest)
    x = (torch.arange(shape[1]) - (shape[1] - 1) / 2) * (2 / longest)
    return y[None, :, None], x[None, None, :]
