import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.registry import Registry
from dynamicrag.routers.base import ROUTERS


def test_every_family_finds_its_members():
    assert {"fixed", "random", "heuristic", "thresholds"} <= set(ROUTERS)


def test_an_unknown_name_gets_the_nearest_spelling():
    with pytest.raises(
        PolicyError, match=r"stages\.context\.router: unknown router 'fixd'; did you mean 'fixed'"
    ):
        ROUTERS.build("fixd", "stages.context.router")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"fixed": {"optoin": "x"}}, r"there\.fixed: unknown parameter 'optoin'; did you mean 'option'"),
        ("fixed", r"there\.fixed: parameter 'option' is missing"),
        ({"random": {"seed": "many"}}, r"there\.random\.seed: .*integer.*'many'"),
        ({"random": {"weights": {"a": -1}}}, r"there\.random: weights must be"),
        (["fixed"], "there: expected a name or"),
        ({"fixed": {}, "random": {}}, "there: expected a name or"),
        (3, "there: expected a name or"),
    ],
)
def test_a_bad_spec_says_what_is_wrong(spec, message):
    with pytest.raises(PolicyError, match=message):
        ROUTERS.build(spec, "there")


def test_two_of_one_name_are_a_programming_error():
    registry: Registry[object] = Registry("thing", "dynamicrag.routers")
    registry.register("x")(type("A", (), {}))
    with pytest.raises(ValueError, match="registered twice"):
        registry.register("x")(type("B", (), {}))
