"""The page of a synthesis: the number kept of each kind, and the reasons for refusals, with examples."""

from collections.abc import Sequence

from dynamicrag.cost.amounts import amount, percent
from dynamicrag.lab.synthesize.question import SyntheticQuestion
from dynamicrag.lab.synthesize.results import KindResult, SynthesisResult, sum_of
from dynamicrag.lab.view.amounts import duration
from dynamicrag.lab.view.page import Cell, Column, Headline, Page, Section, Table, Words

SHOWN = 3
"""Examples of each kind."""
_COLUMNS = ("kind", "wanted", "tried", "kept", "share", "joules")


def page(result: SynthesisResult) -> Page:
    """Return the page of a synthesis."""
    kinds = [Column(title) for title in _COLUMNS] + [Column("refused because", number=False)]
    blocks = [Table(kinds, [_row(name, kind) for name, kind in result.kinds.items()])]
    sections = [Section("Questions by kind", blocks)]
    for name, kind in result.kinds.items():
        types = ("greeting", "general", "rewrite") if name == "none" else (name,)
        examples = _examples(kind, [one for one in result.questions if one.type in types][:SHOWN])
        if examples:
            sections.append(Section(name, examples))
    sections.append(Section("In all", _total(result)))
    count = f"{len(result.questions):,} questions"
    return Page(
        "synthesis", "dynamicrag synthesize", f"{count}, written by {result.model}",
        Headline(f"{count} kept"), sections=sections, notes=_notes(result),
    )  # fmt: skip


def _row(name: str, kind: KindResult) -> list[Cell | str]:
    reasons = ", ".join(f"{reason} {number}" for reason, number in kind.reasons.most_common())
    share = "–" if kind.share is None else percent(kind.share)
    joules = amount("joules", sum_of(kind.costs)["joules"]["value"]) if kind.costs else "–"
    return [name, str(kind.wanted), str(kind.tried), str(len(kind.kept)), share, joules, reasons]


def _examples(kind: KindResult, kept: Sequence[SyntheticQuestion]) -> list[Words]:
    examples = []
    for one in kept:
        nothing = "unanswerable" if one.type == "unanswerable" else "–"
        examples.append(Words(f"  ✓ {one.question} → {' / '.join(one.answers) or nothing}", ""))
    return examples + [Words(f"  ✗ {reason}: {texts[0]}") for reason, texts in kind.refused.items()]


def _total(result: SynthesisResult) -> list[Words]:
    cost = result.cost
    words = [Words(f"questions: {result.out}; read them before you rely on them")]
    if cost:
        joules, seconds = cost["joules"], cost["seconds"]["value"] or 0.0
        calls = f"{amount('joules', joules['value'])} {joules['kind']} active, {duration(seconds)} of calls"
        words.insert(0, Words(f"{len(result.questions)} questions for {calls}"))
    return words


def _notes(result: SynthesisResult) -> list[str]:
    few = [
        f"{len(kind.kept)} of {kind.wanted} {name}"
        for name, kind in result.kinds.items()
        if len(kind.kept) < kind.wanted
    ]
    if not few:
        return []
    return [f"fewer than wanted: {', '.join(few)}; a larger corpus or a stronger --model gives more"]
