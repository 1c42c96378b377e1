"""What queries have in common before the question: instructions, and worked examples of a few-shot prompt.

They tell no query from another, and they drown what does: an embedding model may read no further.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

OFTEN = 3
"""Training queries that hold a paragraph before it can be the template's."""
SHARE = 0.01
"""Share of them that must hold it."""
GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Template:
    """Paragraphs that many queries hold before their last one, by digest: no text is kept.

    Attributes:
        shared: The digests.
    """

    shared: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Template":
        """Return what the training queries have in common."""
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
