"""Finds the answer in the text that a server streams.

Servers differ. Some write blank lines first, so a stop at the end of the line would leave nothing. Some write
their thoughts into the content, between tags or before a lone closing tag. Some ignore stops.
:class:`AnswerText` handles all of them on our side, for any chunking of the text.

An opening tag counts only at the beginning of the answer or of a line, because an answer may mention a
``<think>`` tag. If an answer ends with its line, the opening mark of a code fence does not count as a line.
A lone closing tag means that all text before it was thought, unless it is in quotes.
"""

import re
from collections.abc import Callable, Sequence

from dynamicrag.llm.texts import blank, without_halves

__all__ = ["AnswerText"]

NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think")
OPENS = (
    *(f"<{name}>" for name in NAMES), "[think]", "◁think▷", "<|begin_of_thought|>",
    "<|channel|>analysis<|message|>",
)  # fmt: skip
CLOSES = (
    *(f"</{name}>" for name in NAMES), "[/think]", "◁/think▷", "<|end_of_thought|>",
    "<|channel|>final<|message|>",
)  # fmt: skip
QUOTES = "`'\"“‘«"
LINE_END = "\n"


def _any_of(marks: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, marks)), re.IGNORECASE | re.ASCII)


_OPEN = _any_of(OPENS)
_CLOSE = _any_of(CLOSES)
_TAG = _any_of((*OPENS, *CLOSES))
_BEGINNINGS = frozenset(mark[:n] for mark in (*OPENS, *CLOSES) for n in range(1, len(mark)))
_LONGEST = max(map(len, (*OPENS, *CLOSES)))
_FENCE = re.compile(r"```[\w+#.-]{0,20}[ \t]*\r?\n")
_HALF_FENCE = re.compile(r"`{1,2}|```[\w+#.-]{0,20}[ \t]*\r?")


class AnswerText:
    """Receives a stream's text piece by piece and returns the answer's text.

    Args:
        stops: Texts that end the answer. A closing tag may still follow a stop, and counts.
        aloud: Whether the model is known to think without an opening tag. Then nothing is returned before
            the closing tag, or the end.

    Attributes:
        thought_aloud: Whether a lone closing tag has shown that the text before it was thought.
        taken_back: Whether part of that thought was returned already.
        stopped: Whether a stop has ended the answer.
    """

    def __init__(self, stops: Sequence[str] = (), *, aloud: bool = False) -> None:
        self.aloud = aloud
        self.thought_aloud = False
        self.taken_back = False
        self.stopped = False
        self._given = False
        self._stops = tuple(stop for stop in stops if stop)
        self._held_back = frozenset(stop[:n] for stop in self._stops for n in range(1, len(stop)))
        self._longest = max(_LONGEST, *map(len, self._stops), 1)
        self._step: Callable[[], bool] = self._aloud if aloud else self._lead
        self._pieces: list[str] = []
        self._half = ""
        self._buffer = ""
        self._at = 0  # offset of the buffer in the raw text
        self._before = "\n"  # the character before the buffer
        # tags that are mere words: position, 1 for opening and -1 for closing
        self._words: dict[int, int] = {}
        self._ended = False
        self._kept: list[tuple[int, int]] = []
        self._out: list[str] = []

    @property
    def raw(self) -> str:
        """All of the text so far."""
        return "".join(self._pieces)

    @property
    def kept(self) -> list[tuple[int, int]]:
        """The answer's spans of :attr:`raw`, as ``(start, end)``."""
        return list(self._kept)

    @property
    def text(self) -> str:
        """The answer so far."""
        raw = self.raw
        return "".join(raw[start:end] for start, end in self._kept)

    def add(self, piece: str) -> str:
        """Add the next piece of the stream and return the part of the answer that can be shown now."""
        piece = self._half + piece
        self._half = piece[-1] if piece and "\ud800" <= piece[-1] <= "\udbff" else ""
        return self._take(without_halves(piece[: len(piece) - len(self._half)]))

    def end(self) -> str:
        """Return the rest of the answer, after the last piece."""
        self._ended = True
        return self._take("")

    def _take(self, piece: str) -> str:
        self._pieces.append(piece)
        self._buffer += piece
        while self._step():
            pass
        shown, self._out = "".join(self._out), []
        self._given = self._given or bool(shown)
        return shown

    # Each step consumes the buffer as far as it can and returns whether another step may follow.

    def _aloud(self) -> bool:
        begins = self._buffer[blank(self._buffer) :]
        if (found := _CLOSE.search(self._buffer)) and not _OPEN.match(begins):
            self._restart(found.end())
        elif self._ended or _OPEN.match(begins):
            self._step = self._lead
        else:
            return False
        return True

    def _lead(self) -> bool:
        self._skip(blank(self._buffer))
        if not self._buffer or (self._buffer.lower() in _BEGINNINGS and not self._ended):
            return False
        if found := _OPEN.match(self._buffer):
            self._skip(found.end())
            self._step = self._think
        elif found := _CLOSE.match(self._buffer):
            self._skip(found.end())
        elif LINE_END in self._stops and (fence := _FENCE.match(self._buffer)):
            self._skip(fence.end())
        elif LINE_END in self._stops and _HALF_FENCE.fullmatch(self._buffer) and not self._ended:
            return False
        else:
            self._step = self._answer
        return True

    def _think(self) -> bool:
        if found := _CLOSE.search(self._buffer):
            self._skip(found.end())
            self._step = self._lead
            return True
        self._skip(len(self._buffer) - self._tail())
        return False

    def _answer(self) -> bool:
        found = self._tag_here()
        marks = [(found.end(), found.start(), self._tag)] if found else []
        for stop in self._stops:
            if (at := self._buffer.find(stop)) >= 0:
                marks.append((at + len(stop), at, self._stop))
        if not marks:
            self._keep(len(self._buffer) - (0 if self._ended else self._tail()))
            return False
        # the mark that is complete first counts, so that chunking does not matter
        end, start, act = min(marks, key=lambda mark: mark[:2])
        act(start, end)
        return True

    def _behind(self) -> bool:
        if found := self._tag_here(behind=True):
            self._restart(found.end())
            return True
        self._skip(len(self._buffer) - self._tail())
        return False

    def _tag_here(self, *, behind: bool = False) -> re.Match[str] | None:
        """Return the buffer's first tag that is not a mere word; ``behind`` a stop, its first closing tag."""
        for found in _TAG.finditer(self._buffer):
            before = self._buffer[found.start() - 1] if found.start() else self._before
            at = self._at + found.start()
            if _OPEN.match(found.group()):
                if before == "\n" and not behind:
                    return found
                self._words[at] = 1
            else:
                opened = sum(sign for place, sign in self._words.items() if place < at) > 0
                if before not in QUOTES and not opened:
                    return found
                self._words[at] = -1 if opened else 0
        return None

    def _tag(self, start: int, end: int) -> None:
        if _CLOSE.match(self._buffer, start):
            self._restart(end)
            return
        self._keep(start)
        self._skip(end - start)
        self._step = self._think

    def _stop(self, start: int, end: int) -> None:
        self._keep(start)
        self._skip(end - start)
        self.stopped = True
        self._step = self._behind

    def _restart(self, end: int) -> None:
        self.thought_aloud = True
        self.taken_back = self._given
        self.stopped = False
        self._kept.clear()
        self._words.clear()
        self._out.clear()
        self._skip(end)
        self._step = self._lead

    def _tail(self) -> int:
        """Return the number of characters at the buffer's end that may begin a tag or a stop."""
        for count in range(min(self._longest, len(self._buffer)), 0, -1):
            tail = self._buffer[-count:]
            if tail.lower() in _BEGINNINGS or tail in self._held_back:
                return count
        return 0

    def _keep(self, count: int) -> None:
        if count > 0:
            self._out.append(self._buffer[:count])
            self._kept.append((self._at, self._at + count))
            self._skip(count)

    def _skip(self, count: int) -> None:
        if count > 0:
            self._before = self._buffer[count - 1]
            self._buffer = self._buffer[count:]
            self._at += count
