"""Objects with scripted models, closed after the test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dynamicrag import DynamicRAG
from tests.faces.langchain.scripted import rag_of


@pytest.fixture
def make() -> Iterator[Callable[..., DynamicRAG]]:
    made: list[DynamicRAG] = []

    def one(models: dict[str, Any], **changes: Any) -> DynamicRAG:
        made.append(rag_of(models, **changes))
        return made[-1]

    yield one
    for each in made:
        each.close()
