"""The table that comes with the examples is one of the corpus and the policy that come with them."""

from pathlib import Path

import yaml

from dynamicrag.lab.outcomes.file import read_table
from dynamicrag.lab.record.origin import changed, origin_of
from dynamicrag.policy.file import load_policy

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_the_example_is_of_what_is_shipped() -> None:
    now = origin_of(load_policy("balanced", [EXAMPLES / "corpus"]))
    table = read_table(EXAMPLES / "outcomes.jsonl.gz")
    paths = yaml.safe_load((EXAMPLES / "paths.yaml").read_text())
    assert len(table.rows) == 30
    for row in table.rows:
        assert changed(row.origin, now) is None, row.query_id
        assert len(row.outcomes) == len(paths)
