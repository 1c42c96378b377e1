"""Before anything imports LangGraph: checkpoints may hold plain JSON alone, as on a strict server.

And what tests ask is kept in a folder of their own, not among the user's runs. A job in the background
ignores Ctrl-C, and so would the commands that tests interrupt.
"""

import atexit
import gc
import os
import shutil
import signal
import tempfile

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
# a test has a core, not all of them: threads of several tests that wait for each other burn it in vain
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["DYNAMICRAG_DATA"] = tempfile.mkdtemp(prefix="dynamicrag-tests-")
atexit.register(shutil.rmtree, os.environ["DYNAMICRAG_DATA"], ignore_errors=True)
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Leave what was imported out of the garbage collector's rounds, which are fewer: it stays to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
