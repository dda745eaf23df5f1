"""What training minimises. Every objective knows a frame by its group (species and class) and its class.

Frames of one group belong together, frames of different classes (of any species) apart; two species of one class are
left alone: few-shot classes are made within one sample.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import math

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.embedding.training.batches import Layout
from models.embedding.training.settings import TrainingSettings


def triplet_loss(vectors: Tensor, groups: Tensor, classes: Tensor, margin: float, rng: torch.Generator) -> Tensor:
    """Mean of max(0, d(a, p) − d(a, n) + margin) over all pairs (a, p) of a group, d the squared distance.

    The loss of Schroff et al. (CVPR 2015) with its semi-hard negatives: for every pair one n is drawn among the
    frames of another class with d(a, p) < d(a, n) < d(a, p) + margin, or, where there is none, the nearest beyond
    d(a, p), or else the farthest of all. SpeckleNN draws one pair per sample; here every pair of the batch counts.

    Args:
        vectors: (B, D) of unit length. groups, classes: (B,) int64. margin: squared distance. rng: draws negatives.
    """
    distance = (2 - 2 * vectors @ vectors.T).clamp_min(0.0)
    same = groups[:, None] == groups[None, :]
    apart = classes[:, None] != classes[None, :]
    anchor, positive = torch.nonzero(same & ~torch.eye(len(vectors), dtype=torch.bool), as_tuple=True)
    with torch.no_grad():
        d_ap = distance[anchor, positive][:, None]
        d_an = distance[anchor]
        allowed = apart[anchor]
        beyond = allowed & (d_an > d_ap)
        semi_hard = beyond & (d_an < d_ap + margin)
        lottery = torch.rand(d_an.shape, generator=rng)
        # One argmax does all three: a random semi-hard one, else the nearest beyond, else the farthest.
        worth = torch.where(semi_hard, 20 + lottery, torch.where(beyond, 10 - d_an, torch.where(allowed, d_an, -1.0)))
        negative = worth.argmax(1)
        usable = allowed.any(1)
    loss = F.relu(distance[anchor, positive] - distance[anchor, negative] + margin)
    return loss[usable].mean()


def contrastive_loss(vectors: Tensor, groups: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al., NeurIPS 2020) between a group and the frames of other classes."""
    logits = vectors @ vectors.T / temperature
    same = (groups[:, None] == groups[None, :]) & ~torch.eye(len(vectors), dtype=torch.bool)
    apart = classes[:, None] != classes[None, :]
    others = torch.where(apart, logits, -torch.inf).logsumexp(1, keepdim=True)
    each = F.softplus(others - logits)
    return each[same].mean()


def prototype_loss(
    vectors: Tensor, groups: Tensor, classes: Tensor, species: Tensor, temperature: float, across: float = 0.0
) -> Tensor:
    """Cross-entropy of each frame among the mean vectors of its own species' classes (Snell et al., NeurIPS 2017).

    This is the few-shot task itself: the frame is left out of its own group's mean, so every frame of the batch is
    a query once and an example for the others. Blanks and contaminants (species < 0) are classes of every species;
    they themselves are told from all groups of the batch by a mean over species.

    Args:
        vectors: (B, D) of unit length. groups, classes, species: (B,) int64. temperature: of the softmax over
            negative squared distances. across: weight in that softmax of the groups of other species, whatever
            their class; 0 leaves them alone.
    """
    members = F.one_hot(groups - groups.min()).float()
    sizes = members.sum(0)
    kept = sizes > 1
    members, sizes = members[:, kept], sizes[kept]
    sums = members.T @ vectors
    own = members.bool()
    # Distance of each frame to each group's mean, itself left out of its own.
    means = sums / sizes[:, None]
    left_out = (members @ sums - vectors) / (members @ sizes - 1).clamp_min(1.0)[:, None]
    to_means = (vectors[:, None] - means[None]).square().sum(2)
    to_own = (vectors - left_out).square().sum(1)
    distance = torch.where(own, to_own[:, None], to_means)
    first = members.argmax(0)
    group_class, group_species = classes[first], species[first]
    in_group = own.any(1)
    rival = (group_class[None] != classes[:, None]) & (
        (group_species[None] == species[:, None]) | (group_species[None] < 0) | (species[:, None] < 0)
    )
    logits = -distance / temperature
    # A blank has rivals from every species; their mean keeps its share of the loss like any other frame's.
    weight = torch.where(species < 0, rival.sum(1).clamp_min(1).float() / 3, torch.ones(len(vectors)))
    rivals = torch.where(rival, logits, -torch.inf).logsumexp(1) - weight.log()
    if across > 0:
        strange = ~rival & ~own & (species[:, None] >= 0) & (group_species[None] >= 0)
        far_off = torch.where(strange, logits, -torch.inf).logsumexp(1) + math.log(across)
        rivals = torch.logaddexp(rivals, far_off)
    mine = torch.where(own, logits, -torch.inf).logsumexp(1)
    return F.softplus(rivals - mine)[in_group].mean()


def objective(vectors: Tensor, where: Layout, settings: TrainingSettings, rng: torch.Generator) -> Tensor:
    """The loss the settings ask for."""
    if settings.objective == "triplet":
        return triplet_loss(vectors, where.groups, where.classes, settings.margin, rng)
    if settings.objective == "contrastive":
        return contrastive_loss(vectors, where.groups, where.classes, settings.temperature)
    return prototype_loss(
        vectors, where.groups, where.classes, where.species, settings.temperature, settings.across_species
    )
