"""Amounts in words: three significant digits, with the unit that fits."""

from dynamicrag.cost.dimensions import DIMENSIONS

SPACE = "\u00a0"
UNKNOWN = "unknown"
_SUPER = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def amount(dimension: str, value: float | None, *, brief: bool = False, noun: bool = True) -> str:
    """Return an amount with its unit, ``38.3 J``; the two never part at a line's end.

    Args:
        dimension: A cost dimension.
        value: The value in the dimension's own unit; ``None`` if it is unknown.
        brief: Whether to leave out zeros behind the point, as on an axis.
        noun: Whether to name what is measured, as in ``38.3 mg CO₂e``; not where a heading does.
    """
    if value is None:
        return UNKNOWN
    row = DIMENSIONS[dimension]
    factor, symbol = scale(dimension, value)
    number = f"{value / factor:,.6g}" if brief else digits(value / factor)
    if row.prefix:
        number = f"−{row.prefix}{number[1:]}" if number.startswith("−") else f"{row.prefix}{number}"
    return SPACE.join(part for part in (number, symbol, row.noun if noun else "") if part)


def scale(dimension: str, value: float) -> tuple[float, str]:
    """Return the factor and the symbol of the unit that suits ``value``."""
    steps = DIMENSIONS[dimension].steps
    size = abs(value)
    if size == 0:
        return next(step for step in steps if step[0] == 1.0)
    # a tenth of the plain unit is read more easily in the plain unit: 0.7 s beside 1.2 s
    return next(
        (step for step in steps if size >= step[0] * (0.09995 if step[0] == 1 else 0.9995)), steps[-1]
    )


def digits(value: float) -> str:
    """Return three telling digits with separated thousands, all of an integer part, and a plain 0."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-4:
        base, _, power = f"{size:.1e}".partition("e")
        text = f"{base}{SPACE}×{SPACE}10{str(int(power)).translate(_SUPER)}"
    elif size < 0.9995:
        text = f"{size:#.3g}"
    else:
        whole = len(str(int(float(f"{size:.3g}"))))
        text = f"{size:,.{max(0, 3 - whole)}f}"
    return f"−{text}" if value < 0 else text


def percent(share: float) -> str:
    """Return a share in whole per cent, those near an end with a decimal."""
    value = 100 * share
    for end in (0, 100):  # nearly is not quite
        if 0 < abs(value - end) < 0.05:
            return f"≈{SPACE}{end}{SPACE}%"
    near = 0 < abs(value) < 1 or 99 < value < 100
    text = f"{abs(value):.1f}" if near else f"{abs(value):.0f}"
    return f"{'−' if value < 0 and float(text) else ''}{text}{SPACE}%"
