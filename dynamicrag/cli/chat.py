"""``dynamicrag chat``: a conversation on the terminal, with its decisions and their cost."""

import asyncio
import sys
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rich.control import Control
from rich.segment import ControlType

from dynamicrag.cli.console import PlainConsole, fail, plain
from dynamicrag.cli.feedback import THUMBS
from dynamicrag.cli.more_budget import confirmed
from dynamicrag.cli.options import CorpusOption, PolicyOption
from dynamicrag.cli.prepare import ready
from dynamicrag.cli.show import OUTSIDE, decisions
from dynamicrag.errors import DynamicRAGError
from dynamicrag.lab.view.amounts import cost_line
from dynamicrag.offers import BudgetRequest
from dynamicrag.records import Decision

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from dynamicrag.graph.rag import DynamicRAG

HELP = (
    "/up and /down  rate the last answer · /why  the last decisions · /cost  what the conversation has cost "
    "· /quit  or Ctrl-D to leave · Ctrl-C stops an answer"
)


def chat(
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
) -> None:
    """Talk about your documents; answers stream, and every turn shows its cost."""
    from dynamicrag.policy.file import load_policy

    out = PlainConsole()
    rag = ready(load_policy(policy, corpus or None), out, conversation=True, stays=True)
    try:
        _Chat(rag, out).run()
    finally:
        rag.close()


class _Chat:
    """One conversation."""

    def __init__(self, rag: "DynamicRAG", out: PlainConsole) -> None:
        from langgraph.checkpoint.memory import InMemorySaver

        self._rag, self._out = rag, out
        self._app: Any = rag.build_graph().compile(checkpointer=InMemorySaver())
        self._thread: RunnableConfig = {"configurable": {"thread_id": uuid.uuid4().hex}}
        self._turns: list[str] = []
        self._decisions: list[Decision] = []
        self._answered: str | None = None
        """The query of the last answer, if it was not stopped."""
        self._stopped = False
        """Whether the user's last input was Ctrl-C; a second one leaves."""

    def run(self) -> None:
        """Read lines until the user leaves; no failure ends the conversation."""
        interactive = sys.stdin is not None and sys.stdin.isatty()
        if interactive:
            self._out.print(HELP, style="dim")
        while (line := self._read(interactive)) is not None:
            text = line.strip()
            if text == "/quit":
                break
            if text:
                self._stopped = False
                self._process(self._command if text.startswith("/") else self._answer, text)

    def _process(self, work: Callable[[str], None], text: str) -> None:
        """Process one line; Ctrl-C stops it, and a failure prints one line."""
        try:
            work(text)
        except KeyboardInterrupt:
            self._stopped = True
            self._out.print("\n(stopped; Ctrl-C again leaves)", style="yellow")
        except DynamicRAGError as error:
            fail(str(error))
        except Exception as error:  # noqa: BLE001 - the next question may succeed
            fail(f"{type(error).__name__}: {error}; ask something else, or leave with /quit")

    def _read(self, interactive: bool) -> str | None:
        if not interactive:
            return sys.stdin.readline() or None if sys.stdin is not None else None
        with suppress(ImportError):
            import readline  # noqa: F401 - gives input() its editing keys and history
        try:
            self._out.print()
            return input("› ")
        except KeyboardInterrupt:
            if self._stopped:
                self._out.print()
                return None
            self._stopped = True
            self._out.print("\n(Ctrl-C again, or Ctrl-D, leaves)", style="dim")
            return ""
        except EOFError:
            self._out.print()
            return None

    def _command(self, text: str) -> None:
        from dynamicrag.cost.vector import Cost

        if text.removeprefix("/") in THUMBS:
            self._rate(text.removeprefix("/"))
        elif text == "/why":
            self._out.print(
                decisions(self._decisions, whole=True) if self._decisions else "nothing was asked yet"
            )
        elif text == "/cost":
            total = Cost.total(self._rag.cost(turn) for turn in self._turns)
            count = f"{len(self._turns)} turn{'' if len(self._turns) == 1 else 's'}"
            self._out.print(f"{count}: {cost_line(total.figures())}", style="dim")
        else:
            self._out.print(HELP, style="dim")

    def _rate(self, thumb: str) -> None:
        """Store a thumb on the last answer; another one replaces it."""
        if self._answered is None:
            self._out.print("there is no answer to rate yet")
            return
        changed = self._rag.feedback(self._answered, THUMBS[thumb])
        self._out.print(f"thumb {thumb}{'' if changed else ', as before'}", style="dim")

    def _answer(self, text: str) -> None:
        draft = _Draft(self._out)
        try:
            request = asyncio.run(self._stream(text, draft))
            while request is not None:
                more = confirmed(self._out, request)
                request = asyncio.run(self._stream(text, draft, more))
        except Exception:
            draft.break_off()
            raise

    async def _stream(self, text: str, draft: "_Draft", more: bool | None = None) -> BudgetRequest | None:
        """Stream the answer to a question; return the request for more budget if it stops for one.

        Args:
            text: The question.
            draft: Shows the answer.
            more: The answer to the request for which it has stopped, if it has.
        """
        given = self._given(text, more)
        line, answered = "", None
        async for mode, data in self._app.astream(given, self._thread, stream_mode=["messages", "custom"]):
            if mode == "messages":
                message = data[0]
                if message.type != "human":
                    draft.add(message.id, message.text)
            elif data.get("type") == "decision":
                self._decisions.append(data)
                if data["turn"] not in self._turns:  # a stopped turn costs, too
                    self._turns.append(data["turn"])
            elif data.get("type") == "withdrawn":
                draft.withdraw(data["message_id"], data["reason"])
            elif data.get("type") == "report":
                line, answered = self._line(data), data["query_id"]
        self._answered = answered
        if answered is None:
            stopped = (await self._app.aget_state(self._thread)).interrupts
            return stopped[0].value if stopped else None
        draft.end()
        self._out.print(line, style="dim")
        return None

    def _given(self, text: str, more: bool | None) -> Any:
        """Return the input of a new turn, or the answer to a request for more budget."""
        from langgraph.types import Command

        if more is not None:
            return Command(resume=more)
        self._decisions, self._answered = [], None
        return {"messages": [("user", text)]}

    def _line(self, report: Mapping[str, Any]) -> str:
        """Return the turn in one line: the options chosen where there was a choice, and the cost so far.

        It does not wait for the meter; ``/cost`` does.
        """
        chosen = {d["stage"]: d["chosen"] for d in self._decisions if len(d["options"]) > 1}
        path = " → ".join(map(plain, chosen.values()))
        beyond = f"{OUTSIDE} · " if report["outside"] and not report["abstained"] else ""
        return f"{beyond}{path + ' · ' if path else ''}{cost_line(report['cost'], report['tokens'])}"


class _Draft:
    """The answer as it streams; a withdrawn draft is struck out, and the next one begins below it."""

    def __init__(self, out: PlainConsole) -> None:
        self._out = out
        self._text = ""
        self._gone: set[str | None] = set()

    def add(self, message_id: str | None, text: str) -> None:
        """Show the next piece of a message."""
        if text and message_id not in self._gone:
            self._text += plain(text)
            self._out.print(plain(text), end="", soft_wrap=True)

    def withdraw(self, message_id: str, reason: str) -> None:
        """Strike out a message that was shown."""
        self._gone.add(message_id)
        if not self._text:
            return
        if self._out.is_terminal:
            rows = sum(max(0, len(line) - 1) // self._out.width for line in self._text.split("\n"))
            rows += self._text.count("\n")
            self._out.control(Control(ControlType.CARRIAGE_RETURN, *[(ControlType.CURSOR_UP, 1)] * rows))
            self._out.print(self._text, style="dim strike", soft_wrap=True)
        else:
            self._out.print(f"\n(withdrawn: {reason})")
        self._text = ""

    def end(self) -> None:
        """Finish the answer's line."""
        self._out.print()

    def break_off(self) -> None:
        """Finish the line of an answer that failed, if it was begun."""
        if self._text:
            self._out.print()
