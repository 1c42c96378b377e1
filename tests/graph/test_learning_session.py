"""A session on the terminal: thumbs change the model that is chosen, and the commands show why."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml

from dynamicrag.cli import main
from dynamicrag.policy.file import load_policy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    path = ROOT / "examples" / "learns_from_thumbs.py"
    assert len(path.read_text().splitlines()) < 100
    spec = importlib.util.spec_from_file_location("learns_from_thumbs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    return said.out


@pytest.mark.slow
def test_thumbs_change_a_routers_mind(example, capsys, tmp_path):
    example.main()
    said = capsys.readouterr().out
    rounds = re.findall(r"round \d: (.*)", said)
    assert rounds[0].startswith("small ")
    assert rounds[-1] == "large large large large"
    assert "learnt from 19 rewards" in said
    first, last = re.findall(r"(?:first|last) query ([0-9a-f]{24}): ", said)

    report = command(capsys, "report", "--json", "r.json")
    assert re.search(r"small +0\.00 \(\d+\)\s+large +1\.00 \(\d+\)", report)
    assert "the router linucb of generator had read 19 scores and preferences; 1 came after" in report
    (learner,) = json.loads((tmp_path / "r.json").read_text())["feedback"]["learners"]
    assert (learner["feedback"], learner["waiting"]) == (19, 1)

    (tmp_path / "docs").mkdir()
    # a file has the name of its stem; queries of a mapping are stored under a name by its content
    file = f"{load_policy(example.POLICY).name}.yaml"
    (tmp_path / file).write_text(yaml.safe_dump(with_specs(example.POLICY)))
    before = command(capsys, "explain", first, "-p", file, "--json", "first.json")
    after = command(capsys, "explain", last)
    assert "user: thumb 0.00 for the answer" in before
    assert "learnt from" not in before
    assert re.search(r"by now, after 20 rewards: small 0\.29 → 0\.[01]\d, large 0\.36 → 0\.[89]\d", before)
    assert re.search(
        r"had read 19 scores and preferences: small 0\.\d\d → 0\.[01]\d, large 0\.3\d → 0\.[89]\d", after
    )
    assert "by now" not in after, "the default policy is not the query's"
    (now,) = json.loads((tmp_path / "first.json").read_text())["now"].values()
    assert now["rewards"] == 20
    assert now["quality"][1] > now["quality"][0] + 0.4


def with_specs(policy):
    """Return the policy as a file has it: with specs in place of the objects."""
    models = {name: {"model": f"openai:{name}", **section} for name, section in policy["models"].items()}
    retriever = {"options": {"kb": {"bm25": {}}}}
    return {
        **policy,
        "models": models,
        "corpora": {"docs": {"path": "docs"}},
        "stages": {**policy["stages"], "retriever": retriever},
    }
