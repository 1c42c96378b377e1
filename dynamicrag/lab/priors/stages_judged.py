"""Judges the shipped prior at retrieval, context and retriever without a language model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dynamicrag.lab.priors.figures import signed
from dynamicrag.lab.priors.food import Places, sample_questions
from dynamicrag.lab.priors.gate import SAMPLE, Skips, gate, pipeline_of, turns
from dynamicrag.lab.priors.prompted import Prompted, prompted
from dynamicrag.lab.priors.ranked import Ranked, ranked
from dynamicrag.lab.priors.searched import OPTIONS, Asked, Searched, alternate, corpus_of, read_set, search
from dynamicrag.lab.priors.sources import QUESTION_SETS
from dynamicrag.lab.priors.tables import Progress
from dynamicrag.lab.results import Result
from dynamicrag.lab.view.page import Column, Headline, Page, Section, Table
from dynamicrag.priors.stages import shipped_stages
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.stages.base import Run

_Judged = TypeVar("_Judged", Prompted, Ranked)
TEXT = ("turn", "kind", "retriever", "options")
"""Columns of words."""


@dataclass(frozen=True, slots=True)
class StagesJudged(Result):
    """All figures.

    Attributes:
        gate: Decisions whether to retrieve, by kind of turn.
        context: The adaptive context against a constant one.
        retriever: The choice of the retriever against always the best one.
    """

    gate: Sequence[Skips]
    context: Sequence[Prompted]
    retriever: Sequence[Ranked]


def stages_judged(places: Places, embedder: Embedder, progress: Progress) -> StagesJudged:
    """Judge the stages; embedding the corpora takes minutes, once.

    Raises:
        InputError: A question set, or a file of the project, is missing or damaged.
    """
    asked = turns(places.questions, places.project)
    pipelines = {path: pipeline_of(path, embedder) for path in dict.fromkeys(each.corpus for each in asked)}
    progress(f"decide whether to retrieve: {sum(len(each.texts) for each in asked):,} turns")
    skips = gate(asked, pipelines)
    context: list[Prompted] = []
    retriever: list[Ranked] = []
    prior = shipped_stages().shifts["retriever"]
    for name in QUESTION_SETS:
        path = corpus_of(places.questions, name)
        # the adaptive context has learnt its weights on the odd questions
        even = alternate(read_set(places.questions, name), odd=False)
        found, own = _searched(places, name, path, even, embedder, progress), pipelines[path]
        run = Run(own.ledger, own.budget, own.cost_model)
        context += prompted(
            name, found, own.stages["context"], run, lambda text: len(embedder.tokenize(text))
        )
        retriever += ranked(name, found, prior)
    sample = places.project / "examples" / "corpus"
    found = _searched(places, SAMPLE, sample, sample_questions(places.project), embedder, progress)
    retriever += ranked(SAMPLE, found, prior)
    for pipeline in pipelines.values():
        for corpus in pipeline.corpora.values():
            corpus.close()
    return StagesJudged(skips, context, retriever)


def _searched(
    places: Places, name: str, path: Path, asked: Sequence[Asked], embedder: Embedder, progress: Progress
) -> list[Searched]:
    corpus = Corpus("docs", [path], embedder=embedder, root=places.indexes)
    progress(f"search {name}: {len(asked)} questions")
    try:
        return search(name, asked, corpus)
    finally:
        corpus.close()


def page(made: StagesJudged) -> Page:
    """Return the figures as a page."""
    return Page(
        name="prior",
        command="python -m dynamicrag.lab.priors stages",
        headline=Headline("The prior, stage by stage"),
        kicker="The shipped prior, without a language model",
        sections=[_gate(made.gate), _context(made.context), _retriever(made.retriever)],
        absent="The turns that were decided wrongly are in this file.",
    )


def _gate(skips: Sequence[Skips]) -> Section:
    rows = [[each.kind, "yes" if each.needs else "no", str(each.asked), str(each.skipped)] for each in skips]
    blocks = [_table(("kind", "needs documents", "turns", "skipped"), rows)]
    wrong = [[text, each.kind] for each in skips for text in each.wrong]
    if wrong:
        blocks.append(_table(("turn", "kind"), wrong, "decided wrongly"))
    right, lost = (_counts([each for each in skips if each.needs == needs]) for needs in (False, True))
    return Section(f"Skips: right {right}, wrong {lost}", blocks)


def _counts(skips: Sequence[Skips]) -> str:
    return f"{sum(each.skipped for each in skips)} of {sum(each.asked for each in skips)}"


def _context(found: Sequence[Prompted]) -> Section:
    titles = ("retriever", "tokens", "adaptive", "constant", "k", "gain")

    def cells(each: Prompted) -> list[str]:
        return [
            each.retriever, f"{each.tokens:.0f}", f"{each.adaptive:.3f}", f"{each.constant:.3f}",
            f"{each.chunks:.1f}", signed(each.gain),
        ]  # fmt: skip

    tables = _by_set(found, titles, cells)
    return Section("Share of prompts with all needed passages, at equal mean tokens", tables)


def _retriever(found: Sequence[Ranked]) -> Section:
    titles = ("options", "prior", "always the best", "oracle", "gain")

    def cells(each: Ranked) -> list[str]:
        return [
            "all" if each.options == list(OPTIONS) else ", ".join(each.options), f"{each.chosen:.3f}",
            f"{each.best} {max(each.always):.3f}", f"{each.oracle:.3f}", signed(each.gain),
        ]  # fmt: skip

    tables = _by_set(found, titles, cells)
    return Section(f"nDCG@10 of the retriever; all: {', '.join(OPTIONS)}", tables)


def _by_set(
    found: Sequence[_Judged], titles: Sequence[str], cells: Callable[[_Judged], list[str]]
) -> list[Table]:
    tables = []
    for name in dict.fromkeys(each.set for each in found):
        own: list[_Judged] = [each for each in found if each.set == name]
        tables.append(_table(titles, [*map(cells, own)], f"{name}, {own[0].questions} questions"))
    return tables


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> Table:
    return Table([Column(each, number=each not in TEXT) for each in titles], rows, title)
