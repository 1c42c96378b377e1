"""A command with a slow model, in a process of its own that is ended from outside."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOW = """
import asyncio, sys
from pathlib import Path
import dynamicrag.llm.pull, dynamicrag.policy.build_embedders, dynamicrag.policy.build_models
from dynamicrag.cli import main
from tests.cli.conftest import FakeEmbedder
from {module} import {model}

class Slow({model}):
    async def _complete(self, messages, *rest):
        await asyncio.sleep({seconds})
        return await super()._complete(messages, *rest)

dynamicrag.policy.build_models.chat_model = Slow
dynamicrag.policy.build_embedders.LocalEmbedder = FakeEmbedder
dynamicrag.llm.pull.path_of = lambda name, folder=None: Path()
main(sys.argv[1:])
"""


def ended(model, seconds, arguments, partial, lines, how):
    """Send a signal to a command once it has written some lines; return its exit code and standard error.

    Before every reply, the model sleeps for ``seconds``, an expression.
    """
    code = SLOW.format(module=model.__module__, model=model.__name__, seconds=seconds)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=env,
    ) as command:  # fmt: skip
        until = time.monotonic() + 120
        while time.monotonic() < until and not (
            partial.exists() and partial.read_text().count("\n") >= lines
        ):
            time.sleep(0.01)
        command.send_signal(how)
        _, err = command.communicate(timeout=120)
    return command.returncode, err
