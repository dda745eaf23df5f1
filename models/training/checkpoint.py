"""The state of an unfinished training: safetensors with the history in the header, so nothing is ever unpickled.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch  # noqa: TID253
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn  # noqa: TID253
from torch.optim import AdamW  # noqa: TID253

from models.errors import BadParameter, BadWeights
from models.parameters import to_dict

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def take_up(
    path: Path, settings: Any, network: nn.Module, average: dict[str, Tensor], optimiser: AdamW
) -> tuple[list[dict[str, Any]], float]:
    """Put the state of an unfinished training back, if `path` holds one.

    Args:
        path: where `write` put it. settings: dataclass, of the training that is to go on.
        network, average, optimiser: what takes the state.

    Returns:
        What `write` was given: one entry for each epoch done, and the seconds spent; nothing and 0 where there is no
        file.

    Raises:
        BadParameter: the training there has other settings.
        BadWeights: where the file is damaged or of another network.
    """
    if not path.is_file():
        return [], 0.0
    state = _read(path, network, average, optimiser)
    if state["settings"] != to_dict(settings):
        raise BadParameter(
            f"{path.parent} holds an unfinished training with other settings",
            hint=f"give the same settings, choose another folder, or remove {path.name}",
        )
    return state["history"], state["seconds"]


def write(
    path: Path,
    settings: Any,
    history: Sequence[Mapping[str, Any]],
    seconds: float,
    network: nn.Module,
    average: Mapping[str, Tensor],
    optimiser: AdamW,
) -> None:
    """Write everything the next epoch needs; `path` holds the old state or the new one, never a part."""
    header = {"settings": to_dict(settings), "history": history, "seconds": seconds}
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in average.items()}
    for name, parameter in network.named_parameters():
        state = optimiser.state[parameter]
        tensors |= {f"{moment}.{name}": state[moment] for moment in _MOMENTS if moment in state}
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    flat = {k: v.detach().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()}
    save_file(flat, str(aside), metadata={"state": json.dumps(header)})
    aside.replace(path)


def _read(path: Path, network: nn.Module, average: dict[str, Tensor], optimiser: AdamW) -> dict[str, Any]:
    """Put a written state back and give its header."""
    try:
        with safe_open(str(path), framework="pt") as file:
            header = json.loads((file.metadata() or {})["state"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        network.load_state_dict({k: tensors[f"network.{k}"] for k in network.state_dict()})
        for key in average:
            average[key] = tensors[f"average.{key}"]
        for name, parameter in network.named_parameters():
            optimiser.state[parameter] = {moment: tensors[f"{moment}.{name}"] for moment in _MOMENTS}
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise BadWeights(
            f"cannot go on from the checkpoint {path}",
            cause=str(error),
            hint="remove it to train from the start, or choose another folder",
        ) from error
    state: dict[str, Any] = header
    return state
