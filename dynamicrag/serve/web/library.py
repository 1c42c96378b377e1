"""The uploaded documents: added, replaced and removed while the server runs, in force at once.

They are in a folder of the server's own, which a corpus reads beside the user's files. A change is all or
nothing: if the corpus cannot take it, the folder is as before.
"""

import logging
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dynamicrag.errors import DynamicRAGError, InputError
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.graph.warm import wants_vectors
from dynamicrag.policy.policy import Policy
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.serve.web.intake import check_content, check_name
from dynamicrag.serve.web.settings import WebSettings

__all__ = ["Library", "Outcome", "Stored", "with_uploads"]

STAGING = ".arriving"
"""Folder of files that are not accepted yet; hidden ones are in no corpus."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """An uploaded document: its name, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one uploaded file.

    Attributes:
        name: Its name as given.
        done: ``added``, ``updated`` or ``removed``; ``""`` if it was refused.
        reason: Why it was refused, or a note on parts that are left out.
    """

    name: str
    done: str = ""
    reason: str = ""


class Library:
    """The folder of uploaded documents, and the corpora that read it. Methods block; they are thread-safe."""

    def __init__(self, rag: DynamicRAG, settings: WebSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._corpora: list[tuple[Corpus, bool]] = []
        if settings.uploads is not None:
            self._folder = Path(os.path.realpath(settings.uploads))
            for pipeline in rag.policies.values():
                dense = wants_vectors(pipeline)
                for corpus in pipeline.corpora.values():
                    if self._folder in corpus.paths and all(
                        corpus is not known for known, _ in self._corpora
                    ):
                        self._corpora.append((corpus, dense))

    @property
    def available(self) -> bool:
        """Whether a corpus reads uploaded documents."""
        return bool(self._corpora)

    def documents(self) -> list[Stored]:
        """Return the uploaded documents by name."""
        if not self.available or not self._folder.is_dir():
            return []
        files = [path for path in self._folder.iterdir() if path.is_file() and not path.name.startswith(".")]
        return [Stored(path.name, path.stat().st_size) for path in sorted(files)]

    def add(self, files: Sequence[tuple[str, Path]]) -> list[Outcome]:
        """Add or replace documents, given by name and content; each refused one has its reason."""
        with self._lock, self._staging() as staging:
            outcomes, accepted = list[Outcome](), dict[str, Path]()
            for given, path in files:
                try:
                    outcome = self._check(given, path, staging, accepted)
                except (InputError, OSError) as error:
                    outcome = Outcome(given, reason=_shown(error, "it cannot be read; upload it again"))
                outcomes.append(outcome)
            failure = self._apply(accepted, staging) if accepted else ""
            return [Outcome(each.name, "", failure) if failure and each.done else each for each in outcomes]

    def remove(self, name: str) -> Outcome:
        """Remove a document."""
        with self._lock, self._staging() as staging:
            if name not in {stored.name for stored in self.documents()}:
                return Outcome(name, reason="no such uploaded document")
            failure = self._apply({name: None}, staging)
            return Outcome(name, "" if failure else "removed", failure)

    def _check(self, given: str, path: Path, staging: Path, accepted: dict[str, Path]) -> Outcome:
        name = check_name(given)
        before = {stored.name: stored.size for stored in self.documents()}
        if len({*before, *accepted, name}) > self._settings.upload_files:
            raise InputError(f"there are {len(before)} documents; at most {self._settings.upload_files}")
        held = before | {other: file.stat().st_size for other, file in accepted.items()}
        held[name] = path.stat().st_size
        if sum(held.values()) > self._settings.upload_total:
            raise InputError(f"all documents together have at most {self._settings.upload_total:,} bytes")
        found = check_content(path, name, self._settings.upload_bytes)
        accepted[name] = Path(shutil.copyfile(path, staging / name))
        return Outcome(given, "updated" if name in before else "added", found.note)

    def _apply(self, changes: "dict[str, Path] | dict[str, None]", staging: Path) -> str:
        """Put files in place, or take them away, and update the corpora; return why not, or ``""``."""
        kept = staging / "kept"
        kept.mkdir()
        for name in changes:
            with suppress(FileNotFoundError):
                (self._folder / name).replace(kept / name)
        for name, path in changes.items():
            if path is not None:
                path.replace(self._folder / name)
        try:
            self._refresh()
        except DynamicRAGError as error:
            for name in changes:
                (self._folder / name).unlink(missing_ok=True)
                with suppress(FileNotFoundError):
                    (kept / name).replace(self._folder / name)
            with suppress(DynamicRAGError):
                self._refresh()
            if "no document can be read" in str(error) or ": no document to read" in str(error):
                return "the corpus would be empty; upload another document first"
            return _shown(error, "the corpus cannot be updated; the server's log has the reason")
        return ""

    def _refresh(self) -> None:
        for corpus, dense in self._corpora:
            corpus.ingest(dense=dense)

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        folder = self._folder / STAGING / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def with_uploads(policy: Policy, folder: Path | None) -> Policy:
    """Return a policy whose first corpus also reads a folder; the same policy without a folder or a corpus.

    Its index is another one than without the folder, so the documents are embedded for it once more.
    """
    if folder is None or not policy.corpora:
        return policy
    name, section = next(iter(policy.corpora.items()))
    paths = [*section.path, str(folder.absolute())]
    return policy.model_copy(
        update={"corpora": {**policy.corpora, name: section.model_copy(update={"path": paths})}}
    )


def _shown(error: Exception, instead: str) -> str:
    """Return an error for visitors: words with a path of the server or of the system stay in its log."""
    if not isinstance(error, OSError) and "/" not in str(error) and "\\" not in str(error):
        return str(error)
    _log.warning("%s: %s", type(error).__name__, error)
    return instead
