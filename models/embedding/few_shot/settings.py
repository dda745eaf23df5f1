"""The choices of the few-shot head."""

from __future__ import annotations

from dataclasses import dataclass

from models.parameters import parameter

CLASS_SHARES = ("equal", "estimated", "labelled")


@dataclass(frozen=True)
class FewShotSettings:
    """How verdicts are reached from the examples."""

    head: str = parameter(
        "logistic",
        "How classes are told apart: by the nearest class mean, by linear discriminants with shrunken covariance, or "
        "by regularised logistic regression",
        choices=("prototype", "shrinkage", "logistic"),
    )
    unknown_quantile: float = parameter(
        0.99,
        "Share of a class's own frames that should be near enough to its examples not to count as unknown",
        low=0.6,
        high=0.999999,
    )
    unknown_threshold: float = parameter(
        0.5, "A frame is shown as unknown from this probability of belonging to no class", low=0.0, high=1.0
    )
    compared_examples: int = parameter(
        64, "Examples that distances are measured to, shared among the classes", low=1, high=4096
    )
    class_shares: str = parameter(
        "equal",
        "How common the classes are taken to be: all equally, which finds rare ones best; estimated from the run's "
        "own frames, which keeps rare classes purer and smaller; or as common as among the labels",
        choices=CLASS_SHARES,
    )
