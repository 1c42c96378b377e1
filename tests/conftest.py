"""Before anything imports LangGraph: checkpoints may hold plain JSON alone, as on a strict server.

And what tests ask is kept in a folder of their own, not among the user's runs.
"""

import atexit
import os
import shutil
import tempfile

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
os.environ["DYNAMICRAG_DATA"] = tempfile.mkdtemp(prefix="dynamicrag-tests-")
atexit.register(shutil.rmtree, os.environ["DYNAMICRAG_DATA"], ignore_errors=True)
