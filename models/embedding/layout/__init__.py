"""Two-dimensional maps of an embedding: PCA at once, UMAP in a worker process."""

from models.embedding.layout.principal import pca
from models.embedding.layout.umap_layout import LayoutProgress, UmapSettings, umap_layout

__all__ = ["LayoutProgress", "UmapSettings", "pca", "umap_layout"]
