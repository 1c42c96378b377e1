"""An upper bound of a prompt's tokens: the model's own count, or a bound over the tokenizers in use.

If a model's tokenizer is on disk, it counts, with a margin: gateways serve other models under the same name,
and providers add to prompts. Without it, no ratio of characters to tokens is a bound; one token per byte
always is, but is four times too high for English. Between the two is a bound word by word:

- a whole word of ASCII letters that is common in a known vocabulary (cl100k, by rank) counts 1.25 tokens: in
  any other vocabulary it is one token, or rarely two;
- other words count twice their tokens in that vocabulary, or one per three letters;
- everything else (digits, punctuation, line breaks, other scripts) counts one token per byte.

Compared with five other tokenizers of chat models (Mistral's of 32,000 and of 131,000 tokens, Qwen's,
SmolLM2's, o200k): of 91 documents, this repository's code and prose, none exceeded .70 of it; of
3,000 random sequences of the vocabulary's words, rare ones as often as common, none exceeded .97. A model
that still exceeds it is counted by bytes from then on (:mod:`dynamicrag.llm.chat`).

A provider's count of an earlier prompt bounds the part that later prompts share with it: the instructions and
the worked examples, which are the same for every question.
"""

import math
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

from dynamicrag.llm.vocabularies import encoding, vocabulary_of

__all__ = ["learn", "most_tokens"]

AROUND = 8
"""Largest number of template tokens around a message: OpenAI, ChatML and Llama 3 use 3 to 5."""
BESIDE = 8
"""Template tokens at the beginning of a conversation and before the answer."""

MARGIN = 1.25
"""Factor on a known tokenizer's count."""

REFERENCE = "cl100k_base"
COMMON = 5000
"""Largest rank of a common word in the reference; ranks are by frequency."""
COMMON_TOKENS = 1.25
OTHERS = 2
LETTERS = 3

_WORD = re.compile(r" ?[A-Za-z]+")


REMEMBERED = 1000

_said: OrderedDict[tuple[str, ...], int] = OrderedDict()
_lock = threading.Lock()


def most_tokens(spec: str, server: str, texts: Sequence[str]) -> int:
    """Return an upper bound of a conversation's tokens.

    Args:
        spec: The model, ``provider:model``.
        server: Its address, because equal names may mean different models.
        texts: The texts of its messages.
    """
    own = vocabulary_of(spec)
    counts = (cautious(text) if own is None else math.ceil(MARGIN * own(text)) for text in texts)
    *before, last = (count + AROUND for count in counts)
    with _lock:
        said = _said.get(_key(spec, server, texts))
    return last + (sum(before) + BESIDE if said is None else min(said, sum(before) + BESIDE))


def learn(spec: str, server: str, texts: Sequence[str], tokens: int) -> None:
    """Record the tokens of a prompt, by the provider's count."""
    key = _key(spec, server, texts)
    with _lock:
        _said[key] = min(tokens, _said.pop(key, tokens))
        while len(_said) > REMEMBERED:
            _said.popitem(last=False)


def _key(spec: str, server: str, texts: Sequence[str]) -> tuple[str, ...]:
    return (spec, server, *texts[:-1])


def cautious(text: str) -> int:
    """Return an upper bound of a text's tokens for any chat model."""
    if encoding(REFERENCE) is None:
        return _size(text)
    total, end = 0.0, 0
    for word in _WORD.finditer(text):
        total += _size(text[end : word.start()]) + _most_of(word[0])
        end = word.end()
    return math.ceil(total + _size(text[end:]))


@lru_cache(maxsize=50_000)
def _most_of(word: str) -> float:
    reference = encoding(REFERENCE)
    assert reference is not None, "words are looked up only where there is a vocabulary"
    tokens = reference.encode_ordinary(word)
    if len(tokens) == 1 and tokens[0] < COMMON:
        return min(len(word), COMMON_TOKENS)
    return min(len(word), max(OTHERS * len(tokens), math.ceil(len(word) / LETTERS)))


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))
