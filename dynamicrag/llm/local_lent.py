"""The lent client of a model in this process: it holds a slot, and its CPU time is on the account."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from dynamicrag import portal
from dynamicrag.llm.local import LocalServer
from dynamicrag.llm.prompt_cache import prompt_text

__all__ = ["CPU_SECONDS", "local_lent"]

CPU_SECONDS = "cpu_seconds"
"""Key of a call's CPU time in ``response_metadata``."""


def local_lent(kind: Any, server: LocalServer) -> Any:
    """Return a subclass of the local client's class for calls that a caller makes.

    Synchronous calls run on the portal's loop too, because slots belong to it. The class must keep
    llama.cpp's ``timings``.
    """

    class LocalLent(kind):  # type: ignore[misc]
        def invoke(self, *args: Any, **kwargs: Any) -> Any:
            return portal.run(self.ainvoke(*args, **kwargs))

        def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            chunks = self.astream(*args, **kwargs)

            async def following() -> Any:
                return await anext(chunks, None)

            try:  # each step runs on the portal's loop, because the caller's thread may run a loop
                while (chunk := portal.run(portal.arun(following()))) is not None:
                    yield chunk
            finally:
                portal.run(portal.arun(chunks.aclose()))

        async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
            async with server.slot(prompt_text(messages)) as span:
                result = await kind._agenerate(self, messages, *args, **kwargs)
            about = result.generations[0].message.response_metadata
            about[CPU_SECONDS] = server.account.charge(span, about.get("timings") or {})
            return result

        async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            from langchain_core.messages import AIMessageChunk
            from langchain_core.outputs import ChatGenerationChunk

            timings: dict[str, float] = {}
            async with server.slot(prompt_text(messages)) as span:
                async for chunk in kind._astream(self, messages, *args, **kwargs):
                    timings = chunk.message.response_metadata.get("timings") or timings
                    yield chunk
            about = {CPU_SECONDS: server.account.charge(span, timings)}
            yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=about))

    LocalLent.__name__, LocalLent.__qualname__ = kind.__name__, kind.__qualname__
    return LocalLent
