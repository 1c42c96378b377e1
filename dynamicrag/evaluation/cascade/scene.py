"""An evaluation of escalation as the plot of quality against cost that routers have."""

from collections.abc import Mapping
from typing import Any

from dynamicrag.evaluation.routing.scene import Scene, compose


def compose_cascade(found: Mapping[str, Any]) -> Scene:
    """Return the plot: policies, the router that verifies nothing, single options, the oracle.

    Args:
        found: From :func:`~dynamicrag.evaluation.cascade.evaluate.evaluate`.
    """
    drawn = {**found["policies"], "router": found["baselines"]["router"]}
    alone = {
        name: {**own, **own["chosen"]} if "chosen" in own else own for name, own in found["baselines"].items()
    }
    scene = compose({
        "data": found["data"], "ranking": [*found["ranking"], "router"], "routers": drawn, "baselines": alone,
    })  # fmt: skip
    assert scene is not None, "a cascade has a cost"
    return scene
