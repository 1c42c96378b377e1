"""Ask the questions of a file and keep what came of each.

    python -m tests.answers.run FILE --corpus DIR --policy balanced --json OUT
    python -m tests.answers.run FILE --corpus DIR --chain qwen2.5-coder-1.5b-instruct --json OUT

One question at a time, through the package's public face. Each line of the output is written when its
question is answered; an interrupted run skips what is there. The summary covers the whole output file.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from tests.answers.score import contains, declined, f1
from tests.answers.state import part

Row = dict[str, Any]


def asker(policy: str, corpus: str) -> Callable[[Row], Row]:
    """Return a function that asks a policy the question of a row."""
    from dynamicrag import DynamicRAG

    rag = DynamicRAG.from_policy(policy, corpus=corpus)
    app: Any = rag.build_graph().compile()

    def ask(row: Row) -> Row:
        began, computed = time.perf_counter(), time.process_time()
        state = app.invoke({"messages": [*map(tuple, row.get("history", ())), ("user", row["question"])]})
        seconds, cpu = time.perf_counter() - began, time.process_time() - computed
        message, report = state["messages"][-1], part(state, "report")
        figures = rag.cost(report["query_id"]).figures()
        return {
            "answer": message.text,
            "retrieval": report["path"].get("retrieval", "none"),
            "path": report["path"],
            "asked": report["question"],
            "documents": list(dict.fromkeys(each.partition("#")[0] for each in report["passages"])),
            "abstained": report["abstained"],
            "marks": message.response_metadata.get("dynamicrag"),
            "seconds": round(seconds, 2),
            "cpu_seconds": round(cpu, 2),
            "joules": figures["joules"]["value"],
            "usd": figures["usd"]["value"],
        }

    return ask


def judged(row: Row, said: Row) -> Row:
    """Return a row with its answer, and what can be said of it without reading."""
    shown = "" if said["abstained"] else said["answer"]
    wanted = {row[key] for key in ("document", "page") if key in row} | set(row.get("also", ()))
    return {
        **row,
        **said,
        "retrieved": said["retrieval"] != "none",
        "found": bool(wanted & set(said["documents"])) if wanted else None,
        "declined": said["abstained"] or declined(said["answer"]),
        "contains": contains(shown, row),
        "f1": round(f1(shown, row["answers"]), 3) if row.get("answers") else None,
    }


def kept(path: Path) -> list[Row]:
    """Return the rows of an earlier run; a last line that was cut off is dropped from the file."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rows: list[Row] = []
    for line in lines:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    if len(rows) < len(lines):
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return rows


def summary(rows: Sequence[Row]) -> str:
    """Say what came of the questions, in one line each for all, and for each kind or language."""
    groups: dict[str, list[Row]] = {"all": list(rows)}
    for row in rows:
        if group := row.get("kind") or row.get("lang"):
            groups.setdefault(group, []).append(row)
    head = _columns(("", "n", "retrieved", "found", "right", "f1", "declined", "J", "s", "cpu s"))
    return "\n".join([head, *(_line(name, group) for name, group in groups.items())])


def _line(name: str, rows: Sequence[Row]) -> str:
    def of(key: str) -> list[float]:
        return [float(row[key]) for row in rows if row.get(key) is not None]

    def count(key: str) -> str:
        values = of(key)
        return f"{sum(values):.0f}/{len(values)}" if values else "–"

    def average(key: str, digits: int) -> str:
        values = of(key)
        return f"{mean(values):.{digits}f}" if values else "–"

    counts = [count(key) for key in ("retrieved", "found", "contains")]
    costs = [average("joules", 1), average("seconds", 1), average("cpu_seconds", 1)]
    return _columns((name, str(len(rows)), *counts, average("f1", 2), count("declined"), *costs))


def _columns(cells: Sequence[str]) -> str:
    return f"{cells[0]:14}" + "".join(f"{cell:>11}" for cell in cells[1:])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", type=Path, help="JSON lines with id, question and answers")
    parser.add_argument("--corpus", required=True, help="the folder of documents")
    parser.add_argument("--policy", default="balanced", help="a preset or a YAML file (default: %(default)s)")
    parser.add_argument("--chain", metavar="MODEL", help="run the plain chain with this local model instead")
    parser.add_argument("--json", type=Path, required=True, help="where the rows are kept")
    parser.add_argument("--limit", type=int, help="ask the first so many only")
    given = parser.parse_args()
    questions = [
        json.loads(line) for line in given.questions.read_text("utf-8").splitlines() if line.strip()
    ][: given.limit]
    rows = kept(given.json)
    done = {row["id"] for row in rows}
    left = [row for row in questions if row["id"] not in done]
    if left:
        if given.chain:
            from tests.answers.chain import Chain

            ask: Callable[[Row], Row] = Chain(given.corpus, given.chain).ask
        else:
            ask = asker(given.policy, given.corpus)
        with given.json.open("a", encoding="utf-8") as file:
            for row in left:
                rows.append(judged(row, ask(row)))
                file.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
                file.flush()
                line = f"{row['id']} {rows[-1]['retrieval']} {rows[-1]['answer'][:100]!r}\n"
                sys.stdout.write(line)
                sys.stdout.flush()
    sys.stdout.write(summary(rows) + "\n")


if __name__ == "__main__":
    main()
