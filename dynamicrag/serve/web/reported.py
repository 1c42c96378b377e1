"""The report on all stored queries, as the page of ``dynamicrag report --html``."""

from dynamicrag.errors import RunsError
from dynamicrag.extras import missing
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.lab.view.amounts import safe

__all__ = ["report_frame"]

FLUSH_SECONDS = 3.0


def report_frame(rag: DynamicRAG, tag: str | None = None) -> str:
    """Return a frame with the report on all queries, or on those with a tag; or why there is none. Blocks."""
    lack = missing("lab")
    if lack:
        return _said(f"The report needs further packages: {lack}")
    rag.flush(FLUSH_SECONDS)
    try:
        page = _page(rag, tag)
    except RunsError as error:
        return _said(f"The report cannot be made: {error}")
    if not page:
        return _said("No queries are stored yet.")
    # a document of its own without scripts: its styles and this page's do not meet
    return f'<iframe class="dr-report" title="Report" sandbox srcdoc="{safe(page, len(page))}"></iframe>'


def _said(text: str) -> str:
    return f'<p class="dr-empty">{safe(text, 1000)}</p>'


def _page(rag: DynamicRAG, tag: str | None) -> str:
    from dynamicrag.cost.runs import Runs
    from dynamicrag.lab.report.feedback import stored_feedback
    from dynamicrag.lab.report.make import make_report
    from dynamicrag.lab.report.records import load
    from dynamicrag.lab.report.selection import Selection
    from dynamicrag.lab.report.view import page
    from dynamicrag.lab.view.html import to_html

    if rag.pipeline.log is None:
        return ""
    runs = Runs(rag.pipeline.policy.runs.address)
    turns, processes, notes = load(runs)
    selection = Selection(tag=tag)
    chosen = selection.of(turns)
    if not chosen:
        return ""
    feedback = stored_feedback(runs, chosen)
    return to_html(
        page(make_report(turns, processes, selection, runs.calls(), notes, None, feedback), chosen)
    )
