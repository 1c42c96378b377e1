"""Carbon intensity of a country's grid, from the table that CodeCarbon ships, without its network.

CodeCarbon silently uses the world average for an unknown code; here that is an error.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dynamicrag.errors import PolicyError, unknown


@cache
def _table() -> dict[str, float]:
    spec = find_spec("codecarbon")  # find the folder without importing the package
    folder = Path(next(iter(spec.submodule_search_locations or ()))) if spec else Path()
    data = json.loads((folder / "data" / "private_infra" / "global_energy_mix.json").read_text("utf-8"))
    return {code: float(entry["carbon_intensity"]) for code, entry in data.items()}


def intensity(country: str, where: str = "host.country") -> float:
    """Return grams of CO₂ equivalent per kWh for an ISO 3166-1 alpha-3 country code.

    Raises:
        PolicyError: The country is not in the table.
    """
    table = _table()
    if country not in table:
        raise PolicyError(unknown(where, "ISO 3166-1 alpha-3 country code", country, table))
    return table[country]
