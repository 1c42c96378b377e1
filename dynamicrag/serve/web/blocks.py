"""The layout of the page, and which event goes to which handler."""

from typing import Any

import gradio as gr

from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.retrieval.readers import ENDINGS
from dynamicrag.serve.question import policy_names
from dynamicrag.serve.web.admission import Admission
from dynamicrag.serve.web.arrivals import Arrivals
from dynamicrag.serve.web.handlers import AS_IT_IS, Handlers
from dynamicrag.serve.web.library import Library
from dynamicrag.serve.web.otherwise import FACTORS
from dynamicrag.serve.web.panel import EMPTY
from dynamicrag.serve.web.settings import WebSettings

__all__ = ["build"]

HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""No event is an endpoint for others, and none covers the page with a spinner."""


def build(
    rag: DynamicRAG, settings: WebSettings, library: Library, arrivals: Arrivals, admission: Admission
) -> Any:
    """Return the page."""
    handlers = Handlers(rag, settings, library, arrivals, admission)
    with gr.Blocks(title="DynamicRAG", analytics_enabled=False, fill_width=True) as page:
        known = gr.BrowserState(None, storage_key="dynamicrag-conversation")
        gr.HTML("<header class='dr-head'><h1>Ask your documents</h1></header>")
        with gr.Tabs(elem_id="dr-tabs"):
            with gr.Tab("Chat", id="chat"):
                _chat(page, known, handlers, rag, settings)
            if library.available:
                with gr.Tab("Documents", id="documents") as tab:
                    _documents(tab, handlers, settings)
            with gr.Tab("Report", id="report") as tab:
                shown = gr.HTML("<p class='dr-empty'>The report is being made …</p>")
                tab.select(handlers.report, None, shown, **HIDDEN)
    return page


def _chat(page: Any, known: Any, handlers: Handlers, rag: DynamicRAG, settings: WebSettings) -> None:
    names = list(policy_names(rag))
    with gr.Row(elem_classes="dr-columns"):
        with gr.Column(scale=5, min_width=300):
            chat = gr.Chatbot(
                elem_id="dr-chat", show_label=False, label="Conversation", height="62vh", min_height=280,
                render_markdown=False, sanitize_html=True, allow_tags=False, latex_delimiters=[], buttons=[],
                placeholder="Ask about your documents.", layout="bubble",
                feedback_options=("Like", "Dislike"),
            )  # fmt: skip
            with gr.Row(elem_classes="dr-ask"):
                box = gr.Textbox(
                    label="Question", placeholder="Ask a question", lines=1, max_lines=6, scale=8,
                    autofocus=True, elem_id="dr-question",
                )  # fmt: skip
                send = gr.Button("Send", variant="primary", scale=1, min_width=80, elem_id="dr-send")
                halt = gr.Button("Stop", scale=1, min_width=80, visible=False, elem_id="dr-stop")
            with gr.Row(elem_classes="dr-under"):
                more = gr.Button("Allow more budget", size="sm", visible=False, elem_id="dr-more")
                enough = gr.Button("Go on without", size="sm", visible=False, elem_id="dr-enough")
            with gr.Row(elem_classes="dr-under"):
                policy = gr.Dropdown(
                    names, value=names[0], label="Policy", min_width=160, elem_id="dr-policy",
                    interactive=len(names) > 1,
                )  # fmt: skip
                again = gr.Button("New conversation", size="sm", min_width=150, elem_id="dr-new")
            gr.HTML("<h2 class='dr-title'>This conversation</h2>")
            chart = gr.HTML(elem_id="dr-session")
        with gr.Column(scale=4, min_width=300, elem_classes="dr-side"):
            picked = gr.Dropdown(label="Answer", visible=False, elem_id="dr-picked", filterable=False)
            shown = gr.HTML(EMPTY, elem_id="dr-panel")
            with gr.Accordion("At other weights of cost", open=False, elem_id="dr-otherwise"):
                weight = gr.Radio(
                    list(FACTORS), value=AS_IT_IS, label="How much cost counts", elem_id="dr-weight"
                )
                weighed = gr.HTML(elem_id="dr-weighed")
                applies = gr.Checkbox(False, label="Use this for the next question", elem_id="dr-applies")
            sources = gr.HTML(elem_id="dr-sources")
            other = gr.Button("Prefer the other draft", size="sm", visible=False, elem_id="dr-prefer")
            stored = gr.Markdown("", elem_id="dr-stored", sanitize_html=True)
    beside = [shown, weighed, sources, other, stored]
    everything = [chat, chart, picked, more, enough, *beside]
    written = [box, chat, shown, send, halt, known]
    many: dict[str, Any] = {**HIDDEN, "concurrency_limit": settings.concurrency}
    asked = gr.on(
        [box.submit, send.click], handlers.ask, [box, known, policy, weight, applies], written, **many
    )
    yes, no = gr.State(True), gr.State(False)
    granted = more.click(handlers.grant, [known, yes], written, **many)
    refused = enough.click(handlers.grant, [known, no], written, **many)
    # several at a time: the next question may come before the meter has covered the last answer
    several: dict[str, Any] = {**HIDDEN, "concurrency_limit": None, "trigger_mode": "multiple"}
    opened = page.load(handlers.load, known, [known, *everything], **HIDDEN)
    followed = opened.then(handlers.follow, known, written, **several)
    for each in (asked, granted, refused, followed):
        each.then(handlers.settle, [known, weight], everything, **several)
    halt.click(handlers.stop, known, None, **several)
    gr.on([again.click, chat.clear], handlers.renew, known, [known, *everything], **HIDDEN)
    gr.on([picked.input, weight.input], handlers.show, [known, picked, weight], beside, **HIDDEN)
    other.click(handlers.prefer, [known, picked], stored, **HIDDEN)

    async def rate(given: gr.LikeData, known: str | None, request: gr.Request) -> str:
        return await handlers.rate(known, given.index, _thumb(given.liked), request)

    chat.like(rate, known, stored, trigger_mode="multiple", **HIDDEN)


def _thumb(liked: object) -> bool | None:
    return {"Like": True, "Dislike": False}.get(str(liked)) if not isinstance(liked, bool) else liked


def _documents(tab: Any, handlers: Handlers, settings: WebSettings) -> None:
    most = f"{settings.upload_bytes / 1e6:g} MB each, {settings.upload_files} documents"
    gr.HTML(
        "<p class='dr-lede'>Uploaded documents are searched beside the server’s own, from the next question "
        "on. A document of the same name replaces the one before. "
        f"Formats: {', '.join(ENDINGS)}; at most {most}.</p>"
    )
    files = gr.File(
        label="Upload documents", show_label=False, file_count="multiple", elem_id="dr-upload", height=150
    )
    results = gr.HTML(elem_id="dr-results")
    table = gr.HTML(elem_id="dr-documents")
    with gr.Row(elem_classes="dr-under"):
        name = gr.Dropdown([], label="Document to remove", elem_id="dr-document", min_width=200)
        remove = gr.Button("Remove", size="sm", min_width=100, elem_id="dr-remove")
    files.upload(handlers.upload, files, [results, table, name, files], **HIDDEN)
    remove.click(handlers.remove, name, [results, table, name], **HIDDEN)
    tab.select(handlers.documents, None, [table, name], **HIDDEN)
