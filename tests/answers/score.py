"""Whether an answer is right: accepted answers that stand in it, and SQuAD's F1.

Independent of the package's own scores and text functions, which are among the things measured.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_DECLINED = re.compile(
    r"\b(unanswerable|not (explicitly )?(mentioned|stated|provided|specified|given)|no information|"
    r"(do not|don't|cannot|can't|could not|unable to) (know|find|answer|determine|provide)|"
    r"(do|does) not (contain|provide|mention|specify|say|state)|documents? (do|does) not)\b",
    re.IGNORECASE,
)


def normalise(text: str) -> str:
    """Return text in compatibility form and lower case, without punctuation and articles; 07:30 is 7:30."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"\b0(?=\d[:.]\d\d\b)", "", text)
    text = re.sub(r"(?<=\d)[.,](?=\d)", "\0", text)  # a decimal point is not punctuation
    text = "".join(" " if unicodedata.category(char)[0] in "PS" else char for char in text).replace("\0", ".")
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def stands_in(accepted: str, answer: str) -> bool:
    """Return whether the words of an accepted answer occur in the answer one after another."""
    want, said = normalise(accepted), normalise(answer)
    if _NO_SPACES.search(want):
        return want.replace(" ", "") in said.replace(" ", "")
    return bool(want) and f" {want} " in f" {said} "


def contains(answer: str, row: Mapping[str, Any]) -> bool | None:
    """Return whether an accepted answer, or every part of a list, stands in the answer."""
    if row.get("all"):
        return all(stands_in(part, answer) for part in row["all"])
    if not row.get("answers"):
        return None
    return any(stands_in(accepted, answer) for accepted in row["answers"])


def declined(answer: str) -> bool:
    """Return whether an answer says that there is none."""
    return not answer.strip() or bool(_DECLINED.search(answer))


def f1(answer: str, accepted: Sequence[str]) -> float:
    """Return the best F1 of words against an accepted answer (Rajpurkar et al., 2016)."""
    return max((_f1(normalise(answer).split(), normalise(each).split()) for each in accepted), default=0.0)


def _f1(said: Sequence[str], want: Sequence[str]) -> float:
    both = sum((Counter(said) & Counter(want)).values())
    return 2 * both / (len(said) + len(want)) if both else 0.0
