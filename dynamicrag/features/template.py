"""The common template of queries before the question: instructions, and examples of a few-shot prompt.

It does not distinguish queries, and it hides what does: an embedding model may read no further.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

OFTEN = 3
"""Minimum number of training queries with a paragraph of the template."""
SHARE = 0.01
"""Minimum share of training queries with it."""
GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Template:
    """Paragraphs common to many queries before their last one, by digest: no text is stored."""

    shared: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Template":
        """Return the template of the training queries."""
        often = Counter(digest for text in texts for digest in set(map(_digest, _parts(text)[:-1])))
        least = max(OFTEN, SHARE * len(texts))
        return cls(frozenset(digest for digest, count in often.items() if count >= least))

    def own(self, text: str) -> str:
        """Return a query without the template; its last paragraph always stays."""
        if not self.shared or GAP not in text:
            return text
        *before, last = _parts(text) or [text]
        return GAP.join([*(part for part in before if _digest(part) not in self.shared), last])


def _parts(text: str) -> list[str]:
    return [part for part in text.split(GAP) if part.strip()]


def _digest(part: str) -> str:
    return blake2b(part.strip().encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
