"""The one meter of a process, shared by all its policies.

Two meters of one process would each see all of its energy, and count each other's queries as idling.
So all policies share one meter, which runs while any of them is in use. A fork starts its own, because
threads do not survive a fork.
"""

import os
import threading

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.meters import make_meter

_lock = threading.Lock()
_shared: dict[tuple[int, str], Attribution] = {}


def shared_attribution(meter: str) -> Attribution:
    """Return this process's attribution for a meter by name, without starting it."""
    key = os.getpid(), meter
    with _lock:
        if key not in _shared:
            _shared[key] = Attribution(make_meter(meter))
        return _shared[key]
