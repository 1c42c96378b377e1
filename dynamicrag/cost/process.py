"""The one meter of a process, whoever uses it.

Two meters of one process would each see all of it, and each take the other's queries for idling. So
all policies of a process share one; it runs while any of them does. A fork starts its own, for
threads do not survive it.
"""

import os
import threading

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.meters import make_meter

_lock = threading.Lock()
_shared: dict[tuple[int, str], Attribution] = {}


def shared_attribution(meter: str) -> Attribution:
    """Return this process's attribution for a meter by name; it is not started here."""
    key = os.getpid(), meter
    with _lock:
        if key not in _shared:
            _shared[key] = Attribution(make_meter(meter))
        return _shared[key]
