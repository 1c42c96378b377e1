"""A model server in its own process, which burns a known CPU time per token: ``python burning.py [worker]``.

It speaks OpenAI's chat API. A token is a word. With ``worker``, a child process computes, as in Ollama; the
child ends after each request, and a further one is made for the next. ``port N`` names the port.
With ``proxy URL`` it is a reverse proxy of another server, and computes nothing.
"""

import json
import subprocess
import sys
import time
import urllib.request

INPUT, OUTPUT, CALL = 0.0005, 0.004, 0.01
"""CPU-seconds per prompt token, per output token and per call."""


def cpu_of(prompt, output):
    return INPUT * prompt + OUTPUT * output + CALL


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def reply(body):
    from dynamicrag.testing.server import delta, used

    said = " ".join(message["content"] for message in body["messages"])
    prompt, output = len(said.split()), body.get("max_tokens") or body.get("max_completion_tokens") or 5
    seconds = cpu_of(prompt, output)
    if sys.argv[1:] == ["worker"]:
        subprocess.run([sys.executable, "-S", __file__, "burn", str(seconds)], check=True)
    else:
        burn(seconds)
    return [*[delta("word ") for _ in range(output)], delta(finish="length"), used(prompt, output)]


def forward(body):
    request = urllib.request.Request(
        f"{sys.argv[2]}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    answer = urllib.request.urlopen(request, timeout=60).read().decode()
    return [row for row in answer.split("\n\n") if row]


if __name__ == "__main__" and sys.argv[1:2] == ["burn"]:
    burn(float(sys.argv[2]))
elif __name__ == "__main__":
    from dynamicrag.testing.server import ScriptedServer

    script = forward if sys.argv[1:2] == ["proxy"] else reply
    server = ScriptedServer(script, port=int(sys.argv[2]) if sys.argv[1:2] == ["port"] else 0)
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    sys.stdin.read()  # it ends with its parent
