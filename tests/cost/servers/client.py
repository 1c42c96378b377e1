"""A client of a burning server: ``python -m tests.cost.servers.client URL CALLS THREADS METERED``.

It prints the CPU-seconds that its calls burnt by their tokens, and those that it was charged, as JSON.
"""

import json
import random
import sys
import threading
import time
import urllib.request
from urllib.parse import urlsplit

from dynamicrag.cost.servers.call import server_call
from dynamicrag.cost.usage import Tokens
from dynamicrag.whereabouts import Address
from tests.cost.servers.burning import cpu_of


def post(url, prompt, output):
    message = {"role": "user", "content": " ".join(["word"] * prompt)}
    body = json.dumps({"messages": [message], "max_tokens": output}).encode()
    request = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=60).read()


def address_of(url):
    parts = urlsplit(url)
    return Address(parts.hostname, parts.port)


def metered(url, prompt, output):
    """Make one call and return its share of the server's CPU time."""
    return accounted(url, prompt, output)[0]


def accounted(url, prompt, output):
    """Make one call; return its share of the server's CPU time, and the reason if it is not metered."""
    call = server_call(address_of(url), "openai:m")
    call.begin()
    post(url, prompt, output)
    return call.finish(Tokens(prompt, 0, output, assumed=False)).cpu_seconds, call.reason


def run(url, calls, threads, metering=True, seed=0):
    """Make calls of various sizes in threads; return the burnt and the charged CPU-seconds of each."""
    chance, rows = random.Random(seed), []
    sizes = [[(chance.randint(20, 150), chance.randint(5, 30)) for _ in range(calls)] for _ in range(threads)]

    def work(mine):
        for prompt, output in mine:
            charged = metered(url, prompt, output) if metering else post(url, prompt, output)
            rows.append((cpu_of(prompt, output), charged))
            time.sleep(0.02)

    workers = [threading.Thread(target=work, args=(mine,)) for mine in sizes]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return rows


if __name__ == "__main__":
    url, calls, threads, metering, seed = sys.argv[1:]
    json.dump(run(url, int(calls), int(threads), metering == "yes", int(seed)), sys.stdout)
