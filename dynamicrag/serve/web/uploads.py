"""Lets the first corpus of a policy read the folder of uploaded documents."""

from pathlib import Path

from dynamicrag.policy.policy import Policy

__all__ = ["with_uploads"]


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
