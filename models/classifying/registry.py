"""Every classifier a run can be sorted with, by name. Nothing heavy is loaded before one is made."""

from __future__ import annotations

from typing import Any

from models.classifying.estimators.cnn import CnnSettings, SupervisedCnn
from models.classifying.estimators.few_shot import FewShotHead
from models.classifying.estimators.graph_cut import GraphCut, GraphCutSettings
from models.classifying.estimators.spectra import (
    DiffusionNeighbours,
    DiffusionSettings,
    SpectralClusters,
    SpectralSettings,
)
from models.classifying.estimators.templates import (
    EigenImage,
    EigenImageSettings,
    LogLikelihood,
    LogLikelihoodSettings,
)
from models.classifying.estimators.vectors import (
    MeanDistance,
    MlpSettings,
    NearestPrototype,
    PrototypeSettings,
    SmallNetwork,
    SupportVectors,
    SvmSettings,
)
from models.classifying.types import ClassifierInfo, Estimator
from models.embedding.few_shot import FewShotSettings
from models.errors import BadParameter
from models.parameters import validate

DEFAULT = "speckle"

_ALL = (
    ClassifierInfo(
        name=DEFAULT,
        title="Speckle embedding + few-shot head",
        paper="Friedel; after Wang et al., IUCrJ 10, 568 (2023)",
        summary="The default: a trained embedding, the only one here that says when a frame is none of the classes.",
        features="speckle",
        parameters=FewShotSettings,
        semi_supervised=True,
        cost="moderate",
        make=FewShotHead,
    ),
    ClassifierInfo(
        name="angular-prototype",
        title="Angular correlations + nearest prototype",
        paper="Ayyer et al., J. Appl. Cryst. 49, 1320 (2016), Dragonfly",
        summary="Mean radial and angular features of each class; needs no training, works from one label.",
        features="radial-angular",
        parameters=PrototypeSettings,
        semi_supervised=False,
        cost="fast",
        make=NearestPrototype,
    ),
    ClassifierInfo(
        name="angular-mlp",
        title="Angular correlations + small network",
        paper="Ayyer et al., J. Appl. Cryst. 49, 1320 (2016), Dragonfly",
        summary="The same features, told apart by a network of two small layers; wants tens of labels.",
        features="radial-angular",
        parameters=MlpSettings,
        semi_supervised=False,
        cost="fast",
        make=SmallNetwork,
    ),
    ClassifierInfo(
        name="physics-svm",
        title="Physical parameters + support vectors",
        paper="Bobkov et al., J. Synchrotron Rad. 22, 1345 (2015)",
        summary="Brightness, size, fringes and extent of each frame; for runs whose classes differ in these.",
        features="physics",
        parameters=SvmSettings,
        semi_supervised=False,
        cost="fast",
        make=SupportVectors,
    ),
    ClassifierInfo(
        name="spectral",
        title="Self-tuned spectral clustering",
        paper="Yoon et al., Opt. Express 19, 16542 (2011)",
        summary="Groups the frames by themselves and names the groups by your labels; for clear-cut classes.",
        features="radial-angular",
        parameters=SpectralSettings,
        semi_supervised=True,
        cost="fast",
        make=SpectralClusters,
    ),
    ClassifierInfo(
        name="diffusion",
        title="Diffusion map + nearest examples",
        paper="Giannakis et al., Opt. Express 20, 12799 (2012)",
        summary="Nearest labelled frames along the shape of the data; uses the frames without labels.",
        features="radial-angular",
        parameters=DiffusionSettings,
        semi_supervised=True,
        cost="fast",
        make=DiffusionNeighbours,
    ),
    ClassifierInfo(
        name="graph-cut",
        title="Graph cut with region force",
        paper="Yin and Tai, J. Sci. Comput. 74, 175 (2018); Shi et al., IUCrJ 6, 331 (2019)",
        summary="Labels spread along links between alike frames; uses the frames without labels.",
        features="radial-angular",
        parameters=GraphCutSettings,
        semi_supervised=True,
        cost="fast",
        make=GraphCut,
    ),
    ClassifierInfo(
        name="eigen-image",
        title="Eigen-images of templates",
        paper="Liu et al., Opt. Express 27, 3884 (2019)",
        summary="Nearest turned example in its principal components; for particles in few orientations.",
        features="polar",
        parameters=EigenImageSettings,
        semi_supervised=False,
        cost="fast",
        make=EigenImage,
    ),
    ClassifierInfo(
        name="log-likelihood",
        title="Log-likelihood of templates",
        paper="Liu et al., Opt. Express 27, 3884 (2019)",
        summary="The turned example under which the photons are likeliest; holds with few photons and holes.",
        features="polar",
        parameters=LogLikelihoodSettings,
        semi_supervised=False,
        cost="fast",
        make=LogLikelihood,
    ),
    ClassifierInfo(
        name="cnn",
        title="Convolutional network from the labels alone",
        paper="Shi et al., IUCrJ 6, 331 (2019)",
        summary="Trains a small network on your labels for some seconds; wants a hundred of them.",
        features="picture",
        parameters=CnnSettings,
        semi_supervised=False,
        cost="slow",
        make=SupervisedCnn,
    ),
    ClassifierInfo(
        name="specklenn",
        title="SpeckleNN as published",
        paper="Wang et al., IUCrJ 10, 568 (2023)",
        summary="The published network with weights of your own training; mean distance to the examples.",
        features="specklenn",
        parameters=PrototypeSettings,
        semi_supervised=False,
        cost="moderate",
        make=MeanDistance,
        needs_weights=True,
    ),
)

CLASSIFIERS: dict[str, ClassifierInfo] = {info.name: info for info in _ALL}
"""Every classifier by name, the default first."""


def classifier(name: str) -> ClassifierInfo:
    """The classifier of that name.

    Raises:
        BadParameter: there is none.
    """
    try:
        return CLASSIFIERS[name]
    except KeyError:
        raise BadParameter(f"there is no classifier {name!r}", cause=f"there are {', '.join(CLASSIFIERS)}") from None


def make(name: str, parameters: Any = None) -> Estimator:
    """An estimator, not fitted yet.

    Args:
        name: key of `CLASSIFIERS`.
        parameters: of the classifier's own dataclass; its defaults where None.

    Raises:
        BadParameter: no such classifier, another's parameters, or one out of range.
    """
    info = classifier(name)
    parameters = info.parameters() if parameters is None else parameters
    if not isinstance(parameters, info.parameters):
        raise BadParameter(
            f"{type(parameters).__name__} are no parameters of {info.title}",
            cause=f"it takes {info.parameters.__name__}",
        )
    return info.make(validate(parameters))
