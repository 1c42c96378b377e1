import pytest

from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError
from dynamicrag.registry import Registry
from dynamicrag.routers.base import ROUTERS


def test_every_family_finds_its_members():
    assert {"fixed", "random", "prior", "thresholds"} <= set(ROUTERS)


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
        ({"thresholds": {"tone": 0.5}}, r"unknown parameter 'tone'; .*goes under 'unsure' or 'ungrounded'"),
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


def class_of(module, qualname="A"):
    return type("A", (), {"__module__": module, "__qualname__": qualname})


def test_two_of_one_name_are_an_error_that_names_both_modules():
    registry: Registry[object] = Registry("thing", "dynamicrag.routers")
    registry.register("x")(class_of("one.module"))
    with pytest.raises(
        PolicyError, match=r"thing 'x' is registered twice, by one\.module\.A and by other\.A"
    ):
        registry.register("x")(class_of("other"))


def test_a_class_that_is_defined_again_takes_its_own_place():
    registry: Registry[object] = Registry("thing", "dynamicrag.routers")
    registry.register("x")(class_of("notebook"))
    again = registry.register("x")(class_of("notebook"))
    assert registry._classes["x"] is again


@pytest.mark.parametrize("given", [int, len, 5])
def test_what_is_no_class_of_the_family_is_refused(given):
    with pytest.raises(PolicyError, match=r"router 'x': .* is not a subclass of Router; derive"):
        ROUTERS.register("x")(given)
    assert "x" not in ROUTERS


class NeedsModels:
    def __init__(self, *, limit: int = 1, deps: Dependencies) -> None:
        self.limit, self.deps = limit, deps


def test_what_a_class_depends_on_is_given_by_the_registry_and_not_by_yaml():
    registry: Registry[NeedsModels] = Registry("thing", "dynamicrag.routers")
    registry.register("x")(NeedsModels)
    deps = Dependencies(helper="small")
    made = registry.build({"x": {"limit": 3}}, "there", deps)
    assert (made.limit, made.deps) == (3, deps)
    assert registry.build("x", "there").deps == Dependencies()
    with pytest.raises(PolicyError, match=r"there\.x: unknown parameter 'deps'.*valid: limit$"):
        registry.build({"x": {"deps": 1}}, "there")
