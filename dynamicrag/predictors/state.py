"""The file format of a trained predictor: arrays and JSON in one ``.npz``, and no code.

A file from any source can be opened safely: ``numpy`` reads it with ``allow_pickle=False``, and a digest over
the whole content detects damaged or edited files.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import DynamicRAGError, ModelError, PolicyError
from dynamicrag.plain_values import shown
from dynamicrag.whole_file import replacing

FORMAT = 2
"""Version of the file; raised whenever an old reader would misread the file."""
META = "meta.json"
MEND = "train the router again ('dynamicrag train')"
MOST_BYTES = 2_000_000_000
"""Largest unpacked size of a file in bytes."""


@contextmanager
def whole(where: str, what: str, mend: str = MEND) -> Iterator[None]:
    """Turn any exception from building an object of a malformed state into an error with its place.

    Raises:
        PolicyError: The state is malformed. Our own errors that name the place pass unchanged, and so do
            those of models: a state that cannot be embedded with is not malformed.
    """
    try:
        yield
    except ModelError:
        raise
    except DynamicRAGError as error:
        if where in str(error):
            raise
        raise PolicyError(f"{where}: this is no {what} ({error}); {mend}") from None
    except Exception as error:  # noqa: BLE001 - arrays and facts from anyone can make anything fail
        raise PolicyError(f"{where}: this is no {what} ({_shortly(error)}); {mend}") from None


def _shortly(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _damaged(where: str, kind: str, error: Exception, mend: str) -> str:
    return f"{where}: this is no {kind}, or a damaged one ({_shortly(error)}); {mend}"


@dataclass(frozen=True, slots=True)
class State:
    """The complete state of a trained predictor.

    Attributes:
        meta: JSON: the predictor's name, its hyperparameters, and small facts.
        arrays: Numeric arrays by name; ``a/b`` is array ``b`` of the nested predictor ``a``.
    """

    meta: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, meta: Mapping[str, Any], parts: Mapping[str, "State"], **arrays: NDArray[Any]) -> "State":
        """Return a state that has others by name, besides its own facts and arrays."""
        nested = {f"{name}/{key}": a for name, part in parts.items() for key, a in part.arrays.items()}
        return cls({**meta, **{name: dict(part.meta) for name, part in parts.items()}}, {**nested, **arrays})

    def part(self, name: str) -> "State":
        """Return the nested state ``name``.

        Raises:
            KeyError: There is no such state.
        """
        return State(self.meta[name], self.under(name))

    def to_bytes(self) -> bytes:
        """Return the content of a file with the state."""
        document = {"format": FORMAT, "digest": self._digest(), "meta": self.meta}
        text = np.frombuffer(json.dumps(document, sort_keys=True).encode(), dtype=np.uint8)
        content = io.BytesIO()
        # the names become keyword arguments, and any member name except "file" is valid
        np.savez_compressed(content, **{META: text, **{f"array/{n}": a for n, a in self.arrays.items()}})  # type: ignore[arg-type]
        return content.getvalue()

    def save(self, path: Path | str) -> Path:
        """Write to ``path`` atomically, and return it with its suffix ``.npz``.

        Raises:
            PolicyError: The file cannot be written.
        """
        path = Path(path)
        path = path if path.suffix == ".npz" else path.with_name(f"{path.name}.npz")
        content = self.to_bytes()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as draft:
                draft.write_bytes(content)
        except OSError as error:
            raise PolicyError(
                f"{path}: the trained router cannot be written: {error.strerror or error}"
            ) from None
        return path

    @classmethod
    def load(cls, path: Path | str, kind: str = "trained router", mend: str = MEND) -> "State":
        """Load a state written by :meth:`save`.

        Args:
            path: The file.
            kind: Kind of the object in it, for messages.
            mend: The remedy, for messages.

        Raises:
            PolicyError: The file is missing, damaged, edited, or of another version.
        """
        path = Path(path)
        path = path if path.suffix == ".npz" or path.is_file() else path.with_name(f"{path.name}.npz")
        try:
            if path.exists() and not path.is_file():
                raise ValueError("it is no regular file")
            with path.open("rb") as file:
                return cls._read(file, str(path), kind, mend)
        except FileNotFoundError:
            raise PolicyError(f"{path}: no {kind} is here; {mend}") from None
        except (OSError, ValueError) as error:
            raise PolicyError(_damaged(str(path), kind, error, mend)) from None

    @classmethod
    def from_bytes(
        cls, content: bytes, where: str = "state", kind: str = "trained router", mend: str = MEND
    ) -> "State":
        """Return a state from the content of :meth:`to_bytes`.

        Args:
            content: The bytes.
            where: Their source, for messages.
            kind: Kind of the object in them, for messages.
            mend: The remedy, for messages.

        Raises:
            PolicyError: The content is damaged, edited, or of another version.
        """
        return cls._read(io.BytesIO(content), where, kind, mend)

    @classmethod
    def _read(cls, file: IO[bytes], where: str, kind: str, mend: str) -> "State":
        try:
            _check_size(file)
            with np.load(file, allow_pickle=False) as members:
                document = json.loads(members[META].tobytes())
                arrays = {n.removeprefix("array/"): members[n] for n in members.files if n != META}
            version = document["format"]
        except Exception as error:  # noqa: BLE001 - readers of foreign bytes raise anything
            raise PolicyError(_damaged(where, kind, error, mend)) from None
        if version != FORMAT:
            raise PolicyError(
                f"{where}: the file has format {shown(version)}, this version of dynamicrag reads {FORMAT}; "
                f"{mend}"
            )
        state = cls(document.get("meta") or {}, arrays)
        if not isinstance(state.meta, dict):
            raise PolicyError(f"{where}: this is no {kind} (its facts are no mapping); {mend}")
        if document.get("digest") != state._digest():
            raise PolicyError(f"{where}: the file was changed after it was written (wrong digest); {mend}")
        return state

    def under(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of the nested predictor ``name``."""
        return {
            key.removeprefix(f"{name}/"): a for key, a in self.arrays.items() if key.startswith(f"{name}/")
        }

    def _digest(self) -> str:
        digest = hashlib.sha256(json.dumps(self.meta, sort_keys=True).encode())
        for name in sorted(self.arrays):
            array = np.ascontiguousarray(self.arrays[name])
            digest.update(f"{name}:{array.dtype.str}:{self.arrays[name].shape}".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()


def _check_size(file: IO[bytes]) -> None:
    """Refuse a file that is too large unpacked."""
    with zipfile.ZipFile(file) as members:
        size = sum(member.file_size for member in members.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"it holds {size:,} bytes unpacked; at most {MOST_BYTES:,}")
    file.seek(0)
