import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.file import write_table
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.outcomes.whole_paths import check_paths, read_tables

SMALL, LARGE = {"generator": "small"}, {"generator": "large"}


def written(folder, name, options, start=0, rows=12):
    """Write a table of options ``{name: path}``."""
    outcomes = {option: Outcome(0.5, path=path) for option, path in options.items()}
    made = [Row(f"q{i}", f"What is number {i}?", outcomes) for i in range(start, start + rows)]
    write_table(OutcomeTable(made), folder / name)
    return folder / name


def test_several_tables_are_one_and_a_path_has_one_name(tmp_path):
    one = written(tmp_path, "one.jsonl", {"small": SMALL, "large": LARGE})
    two = written(tmp_path, "two.jsonl", {"generator=small": SMALL}, start=12)
    table = read_tables([one, two])
    assert table.options == ("small", "large")
    assert len(table) == 24
    assert table.name == "one.jsonl + two.jsonl"
    assert check_paths(table) == {"small": SMALL, "large": LARGE}


def test_labels_have_their_names_in_several_tables_and_in_parts(tmp_path):
    for number in (1, 2):
        lines = [
            f'{{"label": {i % 2}, "question": "What is {number} and {i}?", "query_id": "{number}-{i}"}}'
            for i in range(3)
        ]
        (tmp_path / f"{number}.jsonl").write_text("\n".join(lines))
    files = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    assert set(read_tables(files, labels=["small", "large"]).options) == {"small", "large"}
    table = read_tables(files[:1], ["retrieval", "generator"], ["none/small", "single/large"])
    assert table.paths["single/large"] == {"retrieval": "single", "generator": "large"}


def test_a_name_for_two_paths_is_refused(tmp_path):
    one = written(tmp_path, "one.jsonl", {"a": SMALL})
    two = written(tmp_path, "two.jsonl", {"a": LARGE}, start=12)
    with pytest.raises(InputError, match="'a' names different paths"):
        read_tables([one, two])


def test_names_are_split_into_stages(tmp_path):
    file = written(tmp_path, "t.jsonl", {"none/small": {}, "single/small": {}}, rows=30)
    assert read_tables([file], ["retrieval", "generator"]).paths["single/small"] == {
        "retrieval": "single", "generator": "small",
    }  # fmt: skip
    with pytest.raises(InputError, match="has not the 1 parts of generator"):
        read_tables([file], ["generator"])
    with pytest.raises(InputError, match="did you mean 'generator'"):
        read_tables([file], ["retrieval", "generatr"])


@pytest.mark.parametrize(
    ("options", "rows", "told"),
    [
        ({"a": SMALL}, 30, r"a single path, 'a': nothing to decide; record more"),
        ({"a": SMALL, "b": {}}, 30, r"b: no path is given of these options.*--stages"),
        ({"a": SMALL, "b": LARGE}, 12, "12 questions; at least 20"),
    ],
)
def test_what_cannot_be_learnt_from_is_told(tmp_path, options, rows, told):
    with pytest.raises(InputError, match=told):
        check_paths(read_tables([written(tmp_path, "t.jsonl", options, rows=rows)]))
