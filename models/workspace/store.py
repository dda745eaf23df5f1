"""The vectors of a run, kept as they are made, so that a crash, a kill or a pause costs at most one block.

While it grows a store is one file, `embedding-<model>-<run>.partial`: a header of 4096 bytes, one byte for each
frame (1 = written), and from the next multiple of 4096 the vectors as little-endian float32, NaN where not written.
A block's vectors are on the disk before its bytes say so; no row is ever marked that is not whole. As the room is
taken when the file is made, a full disk shows at the start and not after hours.

The finished store is `embedding-<model>-<run>.h5` with one contiguous dataset `vectors`, so that it, too, is
memory-mapped.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen, NotSaved
from models.files.disk import not_saved, written_aside
from models.files.h5 import new_h5, stored_h5
from models.workspace.entries import IndexArray
from models.workspace.journal import plain
from models.workspace.provenance import origin

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]

_MAGIC = b"Friedel vectors 1\n"
_HEADER = 4096
_ROW_TYPE = np.dtype("<f4")
_FILL_ROWS = 1 << 16


class EmbeddingStore:
    """One vector per frame of a run by one network. Use `open` to write, `find` to read.

    Attributes:
        path: the file the store is in at present.
        run_digest, model_digest: whose vectors, by which weights.
        n_frames, dim: N and D.
        finished: whether it is the final file, with every frame in it.
    """

    def __init__(self, path: Path, run_digest: str, n_frames: int, dim: int, model_digest: str, offset: int) -> None:
        self.path = path
        self.run_digest = run_digest
        self.model_digest = model_digest
        self.n_frames = n_frames
        self.dim = dim
        self.finished = path.suffix == ".h5"
        self._offset = offset

    # -- finding ---------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, folder: Path, run_digest: str, n_frames: int, dim: int, model_digest: str) -> EmbeddingStore:
        """The store of these vectors as far as it got, or a new one.

        A run grows while it is measured: what a store of another length has goes on in the new one.

        Args:
            folder: the workspace; made if need be.
            run_digest: `RunIdentity.digest`.
            n_frames: frames of the run.
            dim: length of a vector.
            model_digest: digest of the weights.

        Raises:
            NotSaved: it cannot be made.
        """
        stem = _stem(run_digest, model_digest)
        begun: EmbeddingStore | None = None
        for path in (folder / f"{stem}.h5", folder / f"{stem}.partial"):
            store = cls._read(path)
            if store is None or (store.run_digest, store.dim, store.model_digest) != (run_digest, dim, model_digest):
                continue
            if store.n_frames == n_frames:
                return store
            if begun is None or store.n_frames > begun.n_frames:
                begun = store
        return cls._create(folder / f"{stem}.partial", run_digest, n_frames, dim, model_digest, begun)

    @classmethod
    def find(cls, folder: Path, run_digest: str, model_digest: str | None = None) -> EmbeddingStore | None:
        """The store there is: a finished one before an unfinished one, else the latest; None where there is none.

        Of stores by one network the one with the most frames: the run has grown since the others were made.

        Args:
            folder: the workspace.
            run_digest: `RunIdentity.digest`.
            model_digest: of the weights; None for any.
        """
        stem = _stem(run_digest, model_digest) if model_digest else f"embedding-*-{run_digest}"
        found: list[EmbeddingStore] = []
        for suffix in (".h5", ".partial"):
            for path in sorted(folder.glob(stem + suffix), key=_modified, reverse=True):
                store = cls._read(path)
                if store is not None and store.run_digest == run_digest:
                    found.append(store)
        same = [store for store in found if store.model_digest == found[0].model_digest]
        return max(same, key=lambda store: store.n_frames, default=None)

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def done(self) -> npt.NDArray[np.bool_]:
        """(N,) True for frames whose vector is written, as of now (another process may be writing)."""
        if not self.finished:
            try:
                with self.path.open("rb") as file:
                    file.seek(_HEADER)
                    marks = np.frombuffer(file.read(self.n_frames), dtype=np.uint8)
                return np.asarray(marks == 1)
            except FileNotFoundError:
                self._follow()
        return np.ones(self.n_frames, dtype=np.bool_)

    def missing(self) -> IndexArray:
        """Frames without a written vector, int64, ascending."""
        return np.flatnonzero(~self.done)

    def vectors(self, frames: int | None = None) -> Vectors:
        """(N, D) float32, memory-mapped, read-only; NaN where not written yet. Grows while another process writes.

        Args:
            frames: only those of the first so many, where there are more.
        """
        count = self.n_frames if frames is None else min(frames, self.n_frames)
        if not count:
            return np.empty((0, self.dim), dtype=np.float32)
        try:
            return self._mapped(count)
        except FileNotFoundError:  # another process has just finished it
            self._follow()
            return self._mapped(count)

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(self, indices: npt.ArrayLike, vectors: npt.ArrayLike) -> None:
        """Keep the vectors of some frames; when this returns they survive a power cut.

        Args:
            indices: n frames.
            vectors: (n, D); a row of NaN says that the frame has no vector, and counts as written.

        Raises:
            NotSaved: the disk refuses, or the store is finished.
            ValueError: shapes that do not fit.
        """
        frames = np.asarray(indices, dtype=np.int64).ravel()
        rows = np.ascontiguousarray(vectors, dtype=_ROW_TYPE)
        if rows.shape != (len(frames), self.dim):
            raise ValueError(f"{len(frames)} frames need vectors of ({len(frames)}, {self.dim}), not {rows.shape}")
        if len(frames) and not (frames.min() >= 0 and frames.max() < self.n_frames):
            raise ValueError(f"a frame is outside 0 … {self.n_frames - 1}")
        if self.finished:
            raise NotSaved(f"Vectors were not saved to {self.path}", cause="it is finished already")
        order = np.argsort(frames, kind="stable")
        frames, rows = frames[order], rows[order]
        breaks = np.flatnonzero(np.diff(frames) != 1) + 1
        try:
            handle = os.open(self.path, os.O_RDWR)
            try:
                for part in np.split(np.arange(len(frames)), breaks):
                    if len(part):
                        at = self._offset + int(frames[part[0]]) * self.dim * _ROW_TYPE.itemsize
                        _write_at(handle, rows[part].tobytes(), at)
                os.fsync(handle)
                for part in np.split(np.arange(len(frames)), breaks):
                    if len(part):
                        _write_at(handle, b"\x01" * len(part), _HEADER + int(frames[part[0]]))
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise not_saved(f"Vectors were not saved to {self.path}", error) from error

    def finish(self) -> Path:
        """Turn the complete store into its final HDF5 file.

        Returns:
            The file; `path` and `vectors` are its from now on.

        Raises:
            NotSaved: frames are missing, or the disk refuses; the unfinished store stays.
        """
        if self.finished:
            return self.path
        missing = self.missing()
        if len(missing):
            raise NotSaved(
                f"The vectors in {self.path} cannot be finished",
                cause=f"{len(missing)} of {self.n_frames} frames are missing, the first is {missing[0]}",
                hint="Embed the run again: it goes on where it stopped",
            )
        final = self.path.with_suffix(".h5")
        rows = self.vectors()
        with new_h5(final, f"The vectors were not saved to {final}") as file:
            data = file.create_dataset("vectors", (self.n_frames, self.dim), _ROW_TYPE, fillvalue=np.nan)
            for start in range(0, self.n_frames, _FILL_ROWS):
                data[start : start + _FILL_ROWS] = rows[start : start + _FILL_ROWS]
            file.attrs.update(origin(run_digest=self.run_digest, model_digest=self.model_digest))
        partial = self.path
        self._follow()
        partial.unlink(missing_ok=True)
        return final

    # -- inside ----------------------------------------------------------------------------------------------------

    def _mapped(self, count: int) -> Vectors:
        return np.memmap(self.path, _ROW_TYPE, "r", self._offset, (count, self.dim))

    def _follow(self) -> None:
        """Go over to the final file, made here or by another process."""
        final = self._read(self.path.with_suffix(".h5"))
        if final is None:
            raise CannotOpen(
                f"The vectors in {self.path} are gone", cause="their file was removed", hint="Embed the run again"
            )
        self.path, self._offset, self.finished = final.path, final._offset, True

    @classmethod
    def _read(cls, path: Path) -> EmbeddingStore | None:
        """The store in a file; None where there is none that can be used."""
        if not path.is_file():
            return None
        try:
            return cls._read_finished(path) if path.suffix == ".h5" else cls._read_partial(path)
        except (CannotOpen, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is not used: %s", path, error)
            return None

    @classmethod
    def _read_finished(cls, path: Path) -> EmbeddingStore:
        with stored_h5(path, "The vectors in") as file:
            data = file["vectors"]
            n_frames, dim = data.shape
            offset = data.id.get_offset()
            run, model = str(file.attrs["run_digest"]), str(file.attrs["model_digest"])
            if data.dtype != _ROW_TYPE or (offset is None and n_frames):
                raise ValueError("it is no contiguous float32 dataset")
        return cls(path, run, int(n_frames), int(dim), model, int(offset or 0))

    @classmethod
    def _read_partial(cls, path: Path) -> EmbeddingStore:
        with path.open("rb") as file:
            header = file.read(_HEADER)
        if not header.startswith(_MAGIC):
            raise ValueError("it does not begin like a store of vectors")
        body: dict[str, Any] = json.loads(header[len(_MAGIC) :].rstrip(b"\0"))
        n_frames, dim = int(body["n_frames"]), int(body["dim"])
        offset = _offset_of(n_frames)
        if path.stat().st_size != offset + n_frames * dim * _ROW_TYPE.itemsize:
            raise ValueError("its size does not fit its header")
        return cls(path, str(body["run"]), n_frames, dim, str(body["model"]), offset)

    @classmethod
    def _create(
        cls, path: Path, run_digest: str, n_frames: int, dim: int, model_digest: str, begun: EmbeddingStore | None
    ) -> EmbeddingStore:
        """A new store; with the vectors of `begun`, of the same run when it had another length."""
        done, rows = np.zeros(n_frames, dtype=np.uint8), np.empty((0, dim), dtype=_ROW_TYPE)
        if begun is not None:
            rows = begun.vectors(n_frames)
            done[: len(rows)] = begun.done[:n_frames]
        header = {"n_frames": n_frames, "dim": dim, "run": run_digest, "model": model_digest}
        offset = _offset_of(n_frames)
        with written_aside(path, f"The vectors cannot be kept in {path}") as aside, aside.open("xb") as file:
            file.write((_MAGIC + json.dumps(header).encode()).ljust(_HEADER, b"\0"))
            file.write(done.tobytes().ljust(offset - _HEADER, b"\0"))
            for start in range(0, len(rows), _FILL_ROWS):
                file.write(rows[start : start + _FILL_ROWS].tobytes())
            empty = np.full((min(_FILL_ROWS, n_frames), dim), np.nan, dtype=_ROW_TYPE)
            for start in range(len(rows), n_frames, _FILL_ROWS):
                file.write(empty[: n_frames - start].tobytes())
        if begun is not None and begun.finished:
            try:
                begun.path.unlink(missing_ok=True)
            except OSError as error:  # some systems keep a file that somebody has mapped
                log.info("%s stays: %s", begun.path, error)
        return cls(path, run_digest, n_frames, dim, model_digest, offset)


def _stem(run_digest: str, model_digest: str) -> str:
    return f"embedding-{plain(model_digest, 'model')[:16]}-{run_digest}"


def _modified(path: Path) -> float:
    """When a file was written, seconds since 1970; long ago where another process has just removed it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _offset_of(n_frames: int) -> int:
    """Where the vectors begin: after the header and the bytes of the frames, at a multiple of 4096."""
    return _HEADER + -(-n_frames // _HEADER) * _HEADER


def _write_at(handle: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(handle, data, at)
        data, at = data[written:], at + written
