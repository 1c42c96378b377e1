"""The CPU time of a process and its children."""

import subprocess
import sys

import psutil

from dynamicrag.cost.servers.tree import ProcessTree

CHILD = """
import time
while time.process_time() < 0.2:
    pass
print(flush=True)
input()
"""


def test_a_child_that_another_reading_knows_is_listed_again():
    tree = ProcessTree([psutil.Process()])
    alone = tree.cpu_seconds()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-S", "-c", CHILD], **pipes) as child:
        child.stdout.readline()
        assert child.pid not in tree.pids
        assert tree.cpu_seconds(alone + 0.1) >= alone + 0.1
        child.kill()
