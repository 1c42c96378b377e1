"""A server in a process of its own, with a scripted model: ``python -m tests.serve.served ACCOUNT [KEY]``.

It prints its address, and writes the state of its accounts into the file ACCOUNT when it ends.
"""

import json
import re
import sys
from pathlib import Path

from dynamicrag import DynamicRAG
from dynamicrag.serve import Settings, create_app
from dynamicrag.serve.keys import read_keys
from dynamicrag.serve.running import listening, run
from dynamicrag.testing import FakeRetriever, ScriptedChat

from .conftest import TEXTS, policy, written


def answer(kind: str, prompt: str) -> str:
    """Answer with the number of the question, slowly or brokenly if it says so."""
    question = prompt.rpartition("Question: ")[2]
    number = re.search(r"number (\d+)", question)
    if "slow" in question:
        return "It opened WAIT in 1871."
    if "broken" in question:
        return "It BREAK"
    return f"It is {number[1] if number else 'so'}."


def say(url: str) -> None:
    """Tell the parent process the address."""
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until a signal."""
    account, *given = sys.argv[1:]
    rag = DynamicRAG.from_policy(
        written(
            Path(account).parent,
            policy(objective={"budget": {"total": {"usd": 100.0}}}, host={"meter": "cpu"}),
        ),
        models={"m": ScriptedChat(script=answer)},
        retrievers={"kb": FakeRetriever(TEXTS)},
    )
    rag.warm()
    keys = read_keys({"anna": given[0]}, "keys") if given else None
    settings = Settings(keys=keys, concurrency=64, queue=2_000, queue_seconds=240.0, grace_seconds=2.0)
    with listening("127.0.0.1", 0) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        run(create_app(rag, settings), bound, settings.grace_seconds, lambda: say(url))
    ledger = rag.pipeline.ledger
    queries = [
        name for name in ledger._accounts if ledger.account(name).lines and not name.startswith("ingest")
    ]
    lines = [line for name in queries for line in ledger.account(name).lines]
    state = {
        "queries": len(queries),
        "usd": sum(rag.cost(name)["usd"] for name in queries),
        "failed": sum(line.failed for line in lines),
        "open": len(ledger.attribution._open),
        "budget": rag.budget()["usd"],
        "stored": len(rag.pipeline.bookkeeper._runs.turns()),
    }
    Path(account).write_text(json.dumps(state))
    rag.close()


if __name__ == "__main__":
    main()
