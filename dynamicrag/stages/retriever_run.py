"""Shows a search as a retriever run of LangChain, so that tracers have the question and the documents."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from dynamicrag.records import Passage

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.runnables import RunnableConfig

__all__ = ["as_retriever_run"]


async def as_retriever_run(
    config: "RunnableConfig | None", name: str, query: str, search: Callable[[], Awaitable[list[Passage]]]
) -> list[Passage]:
    """Search as a child of the node's run; without callbacks, just search.

    Runs of foreign retrievers within ``search`` are children of this run.
    """
    if config is None or not config.get("callbacks"):
        return await search()
    from langchain_core.runnables.config import (
        get_async_callback_manager_for_config,
        patch_config,
        var_child_runnable_config,
    )

    manager = get_async_callback_manager_for_config(config)
    if not manager.handlers:
        return await search()
    run = await manager.on_retriever_start({}, query, name=name)
    token = var_child_runnable_config.set(patch_config(config, callbacks=run.get_child()))
    try:
        found = await search()
    except BaseException as error:
        await run.on_retriever_error(error)
        raise
    finally:
        var_child_runnable_config.reset(token)
    await run.on_retriever_end([_document(passage) for passage in found])
    return found


def _document(passage: Passage) -> "Document":
    from langchain_core.documents import Document

    facts = {key: value for key, value in passage.items() if key not in ("text", "metadata")}
    return Document(passage["text"], id=passage["id"], metadata=facts)
