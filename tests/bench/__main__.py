"""Run every measure and print a line each."""

import sys
from importlib.metadata import version

from tests.bench import account, bm25, graph, ledger, routing


def main() -> None:
    """Print the peers' versions, then the measures."""
    peers = ("langgraph", "codecarbon", "rank-bm25", "bm25s", "scikit-learn", "mabwiser")
    sys.stdout.write("peers: " + ", ".join(f"{name} {version(name)}" for name in peers) + "\n")
    for module in (graph, ledger, account, bm25, routing):
        for measure in module.measures():
            sys.stdout.write(f"{measure}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
