"""How calibration and operating points are put into words, the same in plots, captions and tool tips."""

from __future__ import annotations

import html

from widgets.text import THIN_SPACE, counted, grouped

INTERVAL = f"90{THIN_SPACE}%"
"""how wide all intervals shown are"""


def share_range(low: float, high: float) -> str:
    """ "80–90 %", with a decimal where it is narrow."""
    digits = 1 if high - low < 0.02 else 0
    return f"{100 * low:.{digits}f}–{100 * high:.{digits}f}{THIN_SPACE}%"


def threshold_words(threshold: float) -> str:
    """ "0.83", with a third decimal close to 0 and 1."""
    return f"{threshold:.2f}" if 0.02 <= threshold <= 0.98 or threshold in (0.0, 1.0) else f"{threshold:.3f}"


def share(value: float) -> str:
    """ "83 %"."""
    return f"{100 * value:.0f}{THIN_SPACE}%"


def interval(low: float, high: float) -> str:
    """ "0.84–0.95"."""
    return f"{low:.2f}–{high:.2f}"


def said_and_found(said: tuple[float, float], found: float, between: tuple[float, float], count: int) -> str:
    """What one bin of the reliability diagram says.

    Args:
        said: range of the stated probability.
        found: share of the bin's verdicts that were right, and `between` what it lies with its interval.
        count: held-out examples in the bin.
    """
    verdicts = counted(count, "held-out example")
    was = "was" if count == 1 else "were"
    return (
        f"Of {verdicts} whose verdict was said to be {share_range(*said)} sure, {share(found)} {was} right "
        f"({INTERVAL} interval {share_range(*between)})."
    )


Expected = tuple[float | None, tuple[float, float] | None]
"""a share and its interval, None where they are not known"""


def kept_frames(name: str, threshold: float, kept: int, frames: int, precision: Expected, found: Expected) -> str:
    """The operating point in a sentence (rich text); what cannot be said yet is left out.

    Args:
        name: the class.
        threshold: lowest P(class) of the frames kept, of which there are `kept` of `frames`.
        precision: expected share of the kept frames that are of the class.
        found: expected share of the class's frames that are kept.
    """
    name = html.escape(name)
    which = f"P({name}) ≥ <b>{threshold_words(threshold)}</b>"
    text = f"Keep <b>{grouped(kept)}</b> of {counted(frames, 'frame')} with {which}"
    expected = []
    for title, (value, between), of in (("precision", precision, ""), ("yield", found, f" of all {name}")):
        if value is not None:
            within = f" ({interval(*between)})" if between is not None else ""
            expected.append(f"expected {title} <b>{value:.2f}</b>{within}{of}")
    return f"{text}: {', '.join(expected)}." if expected else f"{text}."
