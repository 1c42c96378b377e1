"""An agent with two tools and structured output; a policy chooses the model of every call.

Run it with ``python examples/agent.py "What do four people pay at the lighthouse?"``. It needs the key of
the models' provider, here ``OPENAI_API_KEY``.
"""

import sys
from typing import Any

from langchain.agents import create_agent
from pydantic import BaseModel, Field

from dynamicrag import DynamicRAG, DynamicRAGMiddleware

POLICY = {
    "version": 1,
    "models": {
        "small": {"model": "openai:gpt-4o-mini"},
        "large": {"model": "openai:gpt-4o"},
    },
    "objective": {"weights": {"usd": 20}, "budget": {"per_query": {"usd": 0.05}}},
    "stages": {
        "retrieval": {"options": ["none"]},  # an agent without documents
        "generator": {"options": ["small", "large"], "router": "prior"},
    },
}
PRICES = {"lighthouse": 6.5, "museum": 4.0}


class Offer(BaseModel):
    """The price for a group."""

    place: str
    total: float = Field(description="price of all tickets, in euros")


def ticket_price(place: str) -> float:
    """Return the price of one ticket for a place, in euros."""
    return PRICES[place]


def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


def build(rag: DynamicRAG, model: Any) -> Any:
    """Return the agent; its own model is never called."""
    return create_agent(
        model,
        [ticket_price, multiply],
        system_prompt="Look up prices and calculate with the tools.",
        response_format=Offer,
        middleware=[DynamicRAGMiddleware(rag)],
    )


def main() -> None:
    with DynamicRAG.from_policy(POLICY) as rag:
        agent = build(rag, "openai:gpt-4o-mini")
        out = agent.invoke({"messages": [("user", " ".join(sys.argv[1:]))]})
        print(out["structured_response"])
        report = out["rag"]["report"]
        for decision in out["rag"]["decisions"]:
            print(f"{decision['chosen']}: {decision['reason']}")
        print(f"{report['tokens']['input']} tokens read, {report['cost']['usd']['value']:.5f} usd")


if __name__ == "__main__":
    main()
