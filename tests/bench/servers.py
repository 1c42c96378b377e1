"""A model in its own process against the same model in this process: ``python -m tests.bench.servers``.

The same prompts go to llama.cpp in the client's process, to a server of its own with one client, and with two
clients at once. The figures per query are those of our account; ``server`` is the CPU time of the server's
process, as the system counts it. It runs real models, for minutes.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import mean
from typing import Any

MODEL = "qwen2.5-coder-0.5b-instruct"
TOKENS = 24
THREADS = 1
"""More threads wait for each other on a busy machine, and burn CPU time that depends on the moment."""


def prompts(count: int) -> list[str]:
    """Return prompts of various lengths."""
    fact = (
        "Item {n} is kept in room {n} of the museum, behind the stairs, and is shown to visitors on day {n}. "
    )
    return [
        "".join(fact.format(n=n * 7 + row) for row in range(2 + n % 4))
        + f"Describe item {n * 7} in a sentence."
        for n in range(count)
    ]


def serve() -> None:
    """Run the model as a server until standard input ends; print its address and key."""
    from dynamicrag.llm.local import local_server

    server = local_server(MODEL, threads=THREADS)
    sys.stdout.write(f"{server.start()} {server.key}\n")
    sys.stdout.flush()
    sys.stdin.read()


def ask(count: int, url: str = "", key: str = "") -> None:
    """Ask all prompts, in this process or of a server; print the mean figures per query as JSON."""
    from langchain_core.messages import HumanMessage

    from dynamicrag.cost.ledger import Ledger
    from dynamicrag.cost.meters import shared_attribution
    from dynamicrag.cost.profiles import Host, Profile
    from dynamicrag.llm.build import chat_model

    body = {"cache_prompt": False}
    here = chat_model("m", f"local:{MODEL}", cache_prompt=False, threads=THREADS)
    there = {"base_url": f"{url}/v1", "api_key": key, "extra_body": body}
    model = chat_model("m", f"openai:{MODEL}", **there) if url else here
    attribution = shared_attribution("codecarbon")
    ledger = Ledger(attribution, Host())
    profile = Profile(runs=model.runs, server=str(model.address or ""))
    attribution.acquire()
    model.load()
    while not attribution.metering:
        time.sleep(0.1)

    async def each(number: int, prompt: str) -> None:
        with ledger.span(f"q{number}", "generator", "m", profile, model.spec) as line:
            await model.complete([HumanMessage(prompt)], max_tokens=TOKENS, line=line)

    for number, prompt in enumerate(prompts(count)):
        asyncio.run(each(number, prompt))
    rows: list[dict[str, float]] = []
    for number in range(count):
        ledger.settle(f"q{number}", 30)
        (line,) = ledger.account(f"q{number}").lines
        used, joules = line.usage, ledger.line_cost(line).figures()["joules"]
        rows.append({
            "cpu_seconds": used.cpu_seconds + used.server_cpu_seconds, "joules": joules["value"] or 0.0,
            "seconds": used.seconds, "input": used.input_tokens, "output": used.output_tokens,
        })  # fmt: skip
    found: dict[str, Any] = {name: round(mean(row[name] for row in rows), 3) for name in rows[0]}
    json.dump({**found, "kind": joules["kind"], "rate": attribution.joules_per_cpu_second}, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # llama.cpp's threads and the meter need not end in order


def start(*arguments: object) -> "subprocess.Popen[str]":
    """Start a part of this in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.servers", *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(client: "subprocess.Popen[str]") -> dict[str, Any]:
    """Return the figures of a client that has ended."""
    found: dict[str, Any] = json.loads(client.communicate()[0])
    return found


def main(count: int) -> None:
    """Print a line of figures per setting."""
    import psutil

    def show(name: str, found: dict[str, Any], **more: object) -> None:
        load = round(os.getloadavg()[0], 1)
        sys.stdout.write(f"{name:24} {json.dumps({**found, **more, 'load': load})}\n")
        sys.stdout.flush()

    os.environ["DYNAMICRAG_DATA"] = tempfile.mkdtemp()
    show("in process", said(start("ask", count)))
    server = start("serve")
    assert server.stdout is not None
    address = server.stdout.readline().split()

    def cpu() -> float:
        times = psutil.Process(server.pid).cpu_times()
        return float(times.user + times.system)

    before = cpu()
    show("server, one client", said(start("ask", count, *address)), server=round((cpu() - before) / count, 3))
    before = cpu()
    clients = [start("ask", count, *address) for _ in range(2)]
    both = [said(client) for client in clients]
    spent = round((cpu() - before) / count / 2, 3)
    for number, found in enumerate(both, 1):
        show(f"server, client {number} of two", found, server=spent)
    server.kill()
    show("in process, again", said(start("ask", count)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve()
    elif sys.argv[1:2] == ["ask"]:
        ask(int(sys.argv[2]), *sys.argv[3:])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 20)
