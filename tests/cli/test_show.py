"""The lines of a card."""

from rich.console import Console

from dynamicrag.cli.show import decisions

MADE = {
    "stage": "generator",
    "options": ["small", "large"],
    "allowed": [True, True],
    "expected": [{"joules": 10.0}, {"joules": 43.2}],
    "chosen": "large",
    "binding": None,
    "reason": "estimated 0.20 less 0.02 for its cost, against 0.18; its prompt cache is cold",
}


def shown(**more):
    console = Console(width=100)
    with console.capture() as capture:
        console.print(decisions([{**MADE, **more}], whole=False))
    return capture.get()


def test_a_cold_prompt_cache_is_beside_the_expected_cost():
    assert "≈ 43.2\u00a0J" in shown()
    assert "cold" not in shown()
    assert "+ 36.6\u00a0J cold" in shown(colder=36.6)
