"""A plugin: your own router, which a policy names like any other; see ``own_router.py``."""

from datetime import datetime

from dynamicrag import ROUTERS, Choice, Router, StageContext


@ROUTERS.register("working_hours")
class WorkingHours(Router):
    """Takes the strongest option within some hours, and the weakest outside them.

    Args:
        begin: First hour, 0 to 23.
        end: Hour from which on it is over.
    """

    def __init__(self, *, begin: int = 8, end: int = 18) -> None:
        if not 0 <= begin < end <= 24:
            raise ValueError(f"begin is {begin} and end is {end}; valid: hours of one day, in order")
        self.hours = range(begin, end)

    async def choose(self, context: StageContext) -> Choice:
        """Look at the clock; limits and escalations may have closed the option, so take the nearest open."""
        at_work = datetime.now().astimezone().hour in self.hours
        index = context.nearest(len(context.options) - 1 if at_work else 0)
        return Choice(index, "within working hours" if at_work else "outside working hours")
