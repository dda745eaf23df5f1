"""Files of network weights: safetensors, never pickles, with their provenance as JSON beside them.

The safetensors file holds the network's sizes in its header, so it can be used without the JSON; the JSON holds what
a scientist asks of a network: what it was trained on, from which seeds, how well it did and where it fails.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import BadWeights

if TYPE_CHECKING:
    from torch import Tensor

_HEADER = "friedel"
_DIGITS = 16


@dataclass(frozen=True)
class WeightsInfo:
    """Which weights these are and what is known of them.

    Attributes:
        name: the bundled name, or the file's name without suffix.
        path: the safetensors file.
        digest: first 16 hex digits of the file's SHA-256; what is made with the weights carries it.
        parameters: numbers in the network.
        provenance: the JSON beside the file: settings, data, seeds, metrics, versions; empty where there is none.
    """

    name: str
    path: Path
    digest: str
    parameters: int
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WeightFormat:
    """What the weights of one network are like on disk.

    Attributes:
        format: what the header says. bundled: names of those that come with Friedel. command: what trains them.
    """

    format: str
    bundled: tuple[str, ...]
    command: str

    def locate(self, name_or_path: str | Path) -> Path:
        """The safetensors file of a bundled name or a path.

        Raises:
            BadWeights: where there is none.
        """
        if str(name_or_path) in self.bundled:
            path = Path(str(files("resources"))) / "weights" / f"{name_or_path}.safetensors"
            if not path.is_file():
                raise BadWeights(
                    f"the bundled weights {str(name_or_path)!r} are not there",
                    cause=f"no file {path}",
                    hint=f"install Friedel again, or retrain them with: {self.command}",
                )
            return path
        path = Path(name_or_path)
        if path.suffix != ".safetensors":
            raise BadWeights(
                f"{path} is no weight file",
                cause="Friedel reads weights from .safetensors files only",
                hint=" or one of the bundled names: ".join(
                    ["give such a file", *filter(None, [", ".join(self.bundled)])]
                ),
            )
        if not path.is_file():
            raise BadWeights(f"there is no weight file {path}", hint="check the path")
        return path

    def digest(self, name_or_path: str | Path) -> str:
        """First 16 hex digits of the weight file's SHA-256; needs no torch.

        Raises:
            BadWeights: where there is no such file or it cannot be read.
        """
        path = self.locate(name_or_path)
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
        except OSError as error:
            raise BadWeights(f"cannot read {path}", cause=str(error)) from error

    def read(self, name_or_path: str | Path) -> tuple[dict[str, Any], dict[str, Tensor], WeightsInfo]:
        """The network's sizes, its tensors, and what the weights are.

        Raises:
            BadWeights: missing, damaged, made for another network, or beside another training's description.
        """
        from safetensors import SafetensorError, safe_open

        path = self.locate(name_or_path)
        try:
            with safe_open(str(path), framework="pt") as file:
                header = dict(file.metadata() or {})
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise BadWeights(
                f"cannot read the weights {path}", cause=str(error), hint="fetch the file again"
            ) from error
        if self.format not in header.get(_HEADER, ""):
            raise BadWeights(
                f"{path} was not made for this network",
                cause=f"its header does not say {self.format!r}",
                hint=f"give weights made by: {self.command}",
            )
        try:
            sizes = json.loads(header[_HEADER])["config"]
        except (KeyError, ValueError) as error:
            raise self.misfit(path, error) from error
        info = WeightsInfo(
            name=path.stem,
            path=path,
            digest=self.digest(path),
            parameters=sum(tensor.numel() for tensor in tensors.values()),
            provenance=_provenance(path.with_suffix(".json")),
        )
        if info.provenance and info.provenance.get("digest") != info.digest:
            raise BadWeights(
                f"{path.name} and {path.with_suffix('.json').name} do not belong together",
                cause=f"the weights' digest is {info.digest}, the description is of {info.provenance.get('digest')}",
                hint="keep both files of one training together, or remove the description",
            )
        return sizes, tensors, info

    def misfit(self, path: Path, error: Exception) -> BadWeights:
        """What to raise where sizes or tensors are not the network's."""
        return BadWeights(
            f"{path} does not fit this network", cause=str(error), hint="retrain it with this version of Friedel"
        )

    def write(
        self, path: Path, sizes: Mapping[str, Any], tensors: Mapping[str, Tensor], provenance: Mapping[str, Any]
    ) -> WeightsInfo:
        """Write weights (.safetensors) and provenance (.json) side by side; each file appears whole or not at all."""
        from safetensors.torch import save as serialise

        path.parent.mkdir(parents=True, exist_ok=True)
        # One entry: safetensors writes several in any order, and equal trainings should have equal digests.
        header = {_HEADER: json.dumps({"format": self.format, "config": dict(sizes)})}
        aside = path.with_suffix(".part")
        content = serialise({k: v.detach().contiguous() for k, v in tensors.items()}, metadata=header)
        aside.write_bytes(content)
        fresh = hashlib.sha256(content).hexdigest()[:_DIGITS]
        count = sum(tensor.numel() for tensor in tensors.values())
        text = {"name": path.stem, "digest": fresh, "parameters": count, **provenance}
        # The old description goes first: at no moment do weights lie beside another training's words.
        path.with_suffix(".json").unlink(missing_ok=True)
        aside.replace(path)
        aside.write_text(json.dumps(text, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(path.with_suffix(".json"))
        return WeightsInfo(name=path.stem, path=path, digest=fresh, parameters=count, provenance=text)


def _provenance(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        text = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadWeights(
            f"cannot read {path}, the description of the weights", cause=str(error), hint="fetch the file again"
        ) from error
    if not isinstance(text, dict):
        raise BadWeights(
            f"{path} does not describe weights", cause="it is no JSON object", hint="fetch the file again"
        )
    return text
