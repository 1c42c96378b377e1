"""OpenAI's client, unchanged, on your own documents: start ``dynamicrag serve --corpus docs/`` before.

``python examples/openai_client.py "When does the last ferry leave?"`` streams the answer, then shows the way
that the query took, its sources and its joules. ``--rate up`` stores a thumb, from which routers learn.
"""

import argparse
import os
import sys
from typing import Any

import httpx
import openai

DEFAULT = "http://127.0.0.1:8000/v1"


def ask(client: openai.OpenAI, model: str, question: str) -> dict[str, Any]:
    """Print the answer while it arrives, and return the query's way and cost."""
    about: dict[str, Any] = {}
    chunks = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": question}], stream=True
    )
    for chunk in chunks:
        if chunk.choices:
            print(chunk.choices[0].delta.content or "", end="", flush=True)
        about = (chunk.model_extra or {}).get("dynamicrag", about)
    print()
    return about


def show(about: dict[str, Any]) -> None:
    """Print the path, the sources and the energy."""
    print(" → ".join(about["path"].values()))
    print("sources:", ", ".join(dict.fromkeys(each["title"] for each in about["sources"])) or "none")
    joules = about["cost"]["joules"]
    print(f"{joules['value']:.3g} J ({joules['kind']}), query {about['query_id']}")


def main() -> int:
    options = argparse.ArgumentParser(description="Ask a server of your documents with OpenAI's client.")
    options.add_argument("question")
    options.add_argument("--model", default="balanced", help="a policy of the server (default: %(default)s)")
    options.add_argument("--url", default=DEFAULT, help="default: %(default)s")
    options.add_argument("--rate", choices=["up", "down"], help="rate the answer")
    given = options.parse_args()
    client = openai.OpenAI(base_url=given.url, api_key=os.environ.get("DYNAMICRAG_API_KEY", "none"))
    try:
        about = ask(client, given.model, given.question)
        show(about)
        if given.rate:
            rating = {"query_id": about["query_id"], "score": float(given.rate == "up")}
            client.post("/feedback", body=rating, cast_to=httpx.Response)
            print(f"rated {given.rate}")
    except openai.APIStatusError as error:
        sys.exit(f"error: {error.message}")
    except openai.APIConnectionError:
        sys.exit(f"error: no server at {given.url}; start one with: dynamicrag serve --corpus docs/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
