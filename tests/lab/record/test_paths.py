import pytest

from dynamicrag.drafts.moves import moves
from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import InputError, PolicyError
from dynamicrag.lab.record.path_options import paths_in
from dynamicrag.lab.record.paths import Paths
from dynamicrag.routers.fixed import Fixed
from dynamicrag.stages.retrieval import RetrievalStage
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Option

OPTIONS = {
    "retrieval": ["none", "single"],
    "retriever": ["bm25", "dense"],
    "context": ["short", "long"],
    "prompt": ["direct"],
    "generator": ["small", "large"],
}
MENDING = ["accept", "refine", "abstain"]


class Stage:
    def __init__(self, name, options, planned):
        self.options = [Option(option) for option in options]
        self.router = Fixed(option=planned)
        self.name = name

    def index(self, name):
        return [option.name for option in self.options].index(name)

    def planned(self):
        return self.options[self.router.planned(self.name, self.options)]


def stages():
    return {name: Stage(name, found, found[-1]) for name, found in OPTIONS.items()}


def verification(names=("accept", "abstain"), **settings):
    models = {"generator": Stage("generator", OPTIONS["generator"], "small")}
    return Verification(
        moves(names, ()), Fixed(option=names[0]), settings, verifiers={}, stages=models, resources=None
    )


def names(paths, chosen):
    return list(paths.names(paths.ordered(chosen)).values())


def test_a_grid_is_a_product_and_equal_paths_are_one():
    paths = Paths(stages(), verification())
    grid = paths.grid(
        {"retrieval": ["none", "single"], "context": ["short", "long"], "generator": ["large", "small"]}
    )
    assert len(grid) == 8
    assert names(paths, grid) == [
        "none/small", "none/large",
        "single/short/small", "single/short/large", "single/long/small", "single/long/large",
    ]  # fmt: skip


def test_what_is_not_given_stands_as_planned():
    path = Paths(stages(), verification()).complete({"generator": "small"}, "--path")
    assert path == {"retrieval": "single", "retriever": "dense", "context": "long", "prompt": "direct",
                    "generator": "small", "verification": "accept"}  # fmt: skip
    assert list(path) == [stage for stage in TOPOLOGY if stage in path]


def test_one_stage_at_a_time():
    paths = Paths(stages(), verification())
    assert names(paths, paths.vary(["context", "generator"])) == ["short/large", "long/small", "long/large"]
    assert len(paths.ordered(paths.vary())) == 5  # the planned one, and one for each other option


def test_without_retrieval_a_retriever_does_not_matter():
    paths = Paths(stages(), verification())
    chosen = [
        paths.complete({"retrieval": "none", "retriever": name}, "--path") for name in OPTIONS["retriever"]
    ]
    assert chosen[0] == chosen[1]
    assert "retriever" not in chosen[0]


def test_paths_of_a_file(tmp_path):
    def write(text):
        (tmp_path / "f").write_text(text)
        return tmp_path / "f"

    assert paths_in(write("- {retrieval: none}\n- {generator: small}\n")) == [
        {"retrieval": "none"},
        {"generator": "small"},
    ]
    for text in ("retrieval: none", "[]", "- none", "- {a: ["):
        with pytest.raises(InputError, match=r"/f: "):
            paths_in(write(text))


def test_a_policy_that_cannot_accept():
    with pytest.raises(PolicyError, match="accept"):
        Paths(stages(), verification(["abstain"]))


def test_a_mended_draft_is_a_path_of_its_own():
    paths = Paths(stages(), verification(MENDING, max_escalations=1))
    chosen = [
        paths.complete({"verification": "refine", "generator": "small"}, "--path"),
        *paths.grid({"generator": ["large", "small"]}),
    ]
    assert names(paths, chosen) == ["small", "small/refine", "large"]
    with pytest.raises(InputError, match=r"--path: no model is stronger than 'large', to mend its drafts"):
        paths.complete({"verification": "refine", "generator": "large"}, "--path")
    with pytest.raises(InputError, match="unknown option of verification 'abstain'"):
        paths.complete({"verification": "abstain"}, "--path")
    closed = Paths(stages(), verification(MENDING, max_escalations=0))
    with pytest.raises(InputError, match=r"max_escalations allows none; set it to 1 or more"):
        closed.complete({"verification": "refine", "generator": "small"}, "--path")


@pytest.mark.parametrize(
    ("planned", "instead"), [("reuse", "single"), ("extend", "single"), ("none", "none")]
)
def test_options_that_need_a_turn_before_are_not_recorded(planned, instead):
    looking = [Option(name) for name in ("none", "reuse", "single", "extend")]
    retrieval = RetrievalStage(looking, Fixed(option=planned))
    paths = Paths({**stages(), "retrieval": retrieval}, verification())
    assert paths.complete({}, "x")["retrieval"] == instead
    assert {path["retrieval"] for path in paths.vary(["retrieval"])} == {"none", "single"}
    with pytest.raises(
        InputError, match=r"--grid: 'reuse' uses the passages of the turn before.*none, single"
    ):
        paths.grid({"retrieval": ["reuse"]})
