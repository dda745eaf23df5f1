"""Where a map position lies on the screen: one scale for both axes, the second axis upwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

MARGIN = 0.06
"""Share of the view left free on each side when everything is fitted in."""


@dataclass(frozen=True, slots=True)
class MapTransform:
    """Linear map between map units and pixels of a view.

    One scale for both axes: distances on the map are what the layout means, so they are not stretched.

    Attributes:
        scale: pixels per map unit.
        centre_x, centre_y: map position in the middle of the view.
        width, height: size of the view in pixels.
    """

    scale: float = 1.0
    centre_x: float = 0.0
    centre_y: float = 0.0
    width: float = 1.0
    height: float = 1.0

    @property
    def offset_x(self) -> float:
        """Screen x of the map's origin."""
        return self.width / 2 - self.centre_x * self.scale

    @property
    def offset_y(self) -> float:
        """Screen y of the map's origin."""
        return self.height / 2 + self.centre_y * self.scale

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a map position."""
        return x * self.scale + self.offset_x, self.offset_y - y * self.scale

    def to_map(self, px: float, py: float) -> tuple[float, float]:
        """Map position of a pixel."""
        return (px - self.offset_x) / self.scale, (self.offset_y - py) / self.scale

    def moved(self, dx: float, dy: float) -> MapTransform:
        """The view after its contents were dragged by (dx, dy) pixels."""
        return replace(self, centre_x=self.centre_x - dx / self.scale, centre_y=self.centre_y + dy / self.scale)

    def zoomed(self, factor: float, px: float, py: float) -> MapTransform:
        """The view enlarged by `factor` with the map position under pixel (px, py) staying there."""
        x, y = self.to_map(px, py)
        scale = self.scale * factor
        return replace(
            self,
            scale=scale,
            centre_x=x - (px - self.width / 2) / scale,
            centre_y=y + (py - self.height / 2) / scale,
        )

    def resized(self, width: float, height: float) -> MapTransform:
        """The same place in a view of another size, enlarged with its shorter side."""
        ratio = min(width, height) / max(1.0, min(self.width, self.height))
        return replace(self, scale=self.scale * ratio, width=width, height=height)

    def fitted(self, low_x: float, low_y: float, high_x: float, high_y: float) -> MapTransform:
        """The view that shows the whole rectangle with a margin."""
        span_x, span_y = high_x - low_x, high_y - low_y
        free = 1.0 - 2 * MARGIN
        scales = [free * size / span for size, span in ((self.width, span_x), (self.height, span_y)) if span > 0]
        return replace(
            self,
            scale=min(scales, default=1.0),
            centre_x=(low_x + high_x) / 2,
            centre_y=(low_y + high_y) / 2,
        )
