"""Weights of the published network: safetensors, never pickles.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.classifying.specklenn.network import SpeckleNN
from models.errors import BadWeights

FORMAT = "friedel.specklenn/1"
_HEADER = "friedel"


def save(network: SpeckleNN, path: Path, provenance: Mapping[str, Any] | None = None) -> Path:
    """Write weights, with whatever is known of them in the file's header; the file appears whole or not at all.

    Raises:
        NotSaved: the disk refuses.
    """
    from safetensors.torch import save as serialise

    from models.files.disk import written_aside

    header = {_HEADER: json.dumps({"format": FORMAT, "side": network.side, **(provenance or {})})}
    tensors = {name: value.detach().contiguous() for name, value in network.state_dict().items()}
    with written_aside(path, f"The weights were not saved to {path}") as aside:
        aside.write_bytes(serialise(tensors, metadata=header))
    return path


def load(path: str | Path) -> tuple[SpeckleNN, str]:
    """A network in evaluation mode and the first 16 hex digits of the file's SHA-256.

    Raises:
        BadWeights: missing, damaged, or made for another network.
    """
    from safetensors import SafetensorError, safe_open

    hint = "make some with models.classifying.specklenn.train, and give the .safetensors file as weights"
    if not str(path):
        raise BadWeights("SpeckleNN has no weights", cause="none come with Friedel", hint=hint)
    file = Path(path)
    if file.suffix != ".safetensors" or not file.is_file():
        raise BadWeights(f"there is no weight file {file}", hint=hint)
    try:
        with safe_open(str(file), framework="pt") as content:
            header = json.loads(dict(content.metadata() or {}).get(_HEADER, "{}"))
            tensors = {key: content.get_tensor(key) for key in content.keys()}  # noqa: SIM118
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    except (SafetensorError, OSError, ValueError) as error:
        raise BadWeights(f"cannot read the weights {file}", cause=str(error), hint="fetch the file again") from error
    if header.get("format") != FORMAT:
        raise BadWeights(f"{file} was not made for SpeckleNN", cause=f"its header does not say {FORMAT!r}", hint=hint)
    try:
        network = SpeckleNN(int(header["side"]))
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BadWeights(f"{file} does not fit SpeckleNN", cause=str(error), hint=hint) from error
    network.eval().requires_grad_(False)
    return network, digest
