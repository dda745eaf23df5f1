"""The state of an unfinished training: safetensors with the history in the header, so nothing is ever unpickled.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch  # noqa: TID253
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn  # noqa: TID253
from torch.optim import AdamW  # noqa: TID253

from models.errors import BadWeights

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def write(
    path: Path, network: nn.Module, average: Mapping[str, Tensor], optimiser: AdamW, header: Mapping[str, Any]
) -> None:
    """Write everything the next epoch needs; `path` holds the old state or the new one, never a part."""
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


def read(path: Path, network: nn.Module, average: dict[str, Tensor], optimiser: AdamW) -> dict[str, Any]:
    """Put a written state back and give its header.

    Raises:
        BadWeights: where the file is damaged or of another network.
    """
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
