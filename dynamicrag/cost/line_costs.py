"""The costs of calls: metered joules once settled, estimates until then."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.calibration import Calibration
from dynamicrag.cost.charge import Amount, cost_of, energy_of
from dynamicrag.cost.line import Line
from dynamicrag.cost.profiles import Host
from dynamicrag.cost.vector import Cost, Scope

__all__ = ["LineCosts"]


class LineCosts(ABC):
    """Prices the lines of accounts.

    Args:
        host: Coefficients for estimates until the meter reports.
        calibration: Fitted costs of models on this host; better estimates for the models it knows.
    """

    def __init__(self, host: Host, calibration: Calibration) -> None:
        self.host = host
        self.calibration = calibration

    @property
    @abstractmethod
    def attribution(self) -> Attribution:
        """The attribution of this process."""

    def total(self, lines: Iterable[Line], scope: Scope = "active") -> Cost:
        """Return the cost of ``lines``."""
        return Cost.total((self.line_cost(line, scope) for line in lines), scope)

    def stages(self, lines: Iterable[Line]) -> dict[str, Cost]:
        """Return the cost of ``lines`` by stage, in the order in which the stages began."""
        costs: dict[str, list[Cost]] = {}
        for line in lines:
            costs.setdefault(line.stage, []).append(self.line_cost(line))
        return {
            stage: Cost.total(of_stage) if len(of_stage) > 1 else of_stage[0]
            for stage, of_stage in costs.items()
        }

    def line_cost(self, line: Line, scope: Scope = "active") -> Cost:
        """Return the cost of one call: metered joules once settled, estimates until then.

        In scope ``full``, joules and carbon include the call's share of the constant part and of idling,
        as far as the meter has covered it.
        """
        cost = line.brought or self._priced(line)
        if scope == "active":
            return cost
        overhead = Amount(line.overhead, line.overhead_kind or self.attribution.meter.kind)
        return cost.with_overhead(energy_of(overhead, self.host))

    def _priced(self, line: Line) -> Cost:
        if line.priced is not None and line.priced[0] == line.settled:
            return line.priced[1]
        settled = line.settled
        usage = line.usage
        cost = cost_of(usage, line.profile, self.host, self._energy(line))
        if usage.server_cpu_seconds:
            cost += energy_of(Amount(usage.server_cpu_seconds * line.rate, "modelled"), self.host)
        if usage.gpu_joules:
            cost += energy_of(Amount(usage.gpu_joules, "measured"), self.host)
        if line.end is not None and not line.closed:  # every node asks for it until it is closed
            line.priced = settled, cost
        return cost

    def _energy(self, line: Line) -> Amount | None:
        usage, runs = line.usage, line.profile.runs
        if runs == "same_host":
            if usage.server_cpu_seconds or usage.gpu_joules:
                return Amount(0.0, "modelled")  # it is added to the cost
            if not (usage.input_tokens or usage.output_tokens):
                return None  # it reached nobody
        elif runs == "remote":
            return None
        elif line.settled and line.covered:
            return Amount(line.joules, self.attribution.meter.kind)
        fitted = self.calibration.of(line.key) if line.spec else None
        if fitted is None or not usage.calls:
            return None
        predicted = fitted.joules.of(usage.input_tokens, usage.output_tokens, usage.cached_tokens)
        return Amount(predicted, "calibrated")
