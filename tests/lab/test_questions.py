import gzip
import json

import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.questions import Question, read_questions

LINE = '{"query_id": "a", "question": " Who? ", "answers": "me", "gold": ["x.md"], "type": "single"}\n'


def write(tmp_path, text, name="q.jsonl"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_all_fields(tmp_path):
    assert read_questions(write(tmp_path, LINE)) == [
        Question("a", "Who?", ("me",), ("x.md",), "single", True)
    ]


def test_query_is_another_name_and_ids_are_optional(tmp_path):
    (question,) = read_questions(write(tmp_path, '\n{"query": "Who?", "answers": [1]}\n'))
    assert (question.id, question.text, question.answers) == ("q2", "Who?", ("1",))


def test_reads_gzip_and_text(tmp_path):
    assert len(read_questions(write(tmp_path, gzip.compress(LINE.encode()), "q.jsonl.gz"))) == 1
    assert [q.id for q in read_questions(write(tmp_path, "One?\n\nTwo?\n", "q.txt"))] == ["q1", "q3"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LINE + LINE, ":2: query_id 'a' occurs twice"),
        ("{", ":1: not a JSON object"),
        ("[1]", ":1: expected {"),
        ("{}", ":1: 'question' is missing"),
        ('{"question": 3}', ":1: 'question' is not a text"),
        ('{"question": " "}', ":1: question: it is empty"),
        ('{"question": "x", "answers": {"a": 1}}', ":1: 'answers' is"),
        ('{"question": "x", "query_id": []}', ":1: 'query_id' is []"),
        ("", "holds no question"),
        (b"\xff\xfe", "not UTF-8"),
        ('{"question": "' + "x" * 5_000_000 + '"}', "5,000,000 characters"),
    ],
)
def test_refuses_with_the_place(tmp_path, text, says):
    with pytest.raises(InputError) as caught:
        read_questions(write(tmp_path, text))
    assert says in str(caught.value)
    assert "q.jsonl" in str(caught.value)


@pytest.mark.parametrize("name", ["q.csv", "missing.jsonl", "broken.jsonl.gz"])
def test_refuses_files_that_it_cannot_read(tmp_path, name):
    write(tmp_path, "junk", "q.csv")
    write(tmp_path, "junk", "broken.jsonl.gz")
    with pytest.raises(InputError, match=name):
        read_questions(tmp_path / name)


@pytest.mark.parametrize(
    ("fields", "answerable"),
    [
        ({}, None),
        ({"type": "unanswerable", "gold": ["x.md"]}, False),
        ({"gold": ["x.md"]}, True),
        ({"gold": ["x.md"], "answerable": False}, False),
        ({"type": "unanswerable", "answerable": True}, True),
    ],
)
def test_whether_there_is_an_answer(tmp_path, fields, answerable):
    line = json.dumps({"question": "Who?", **fields})
    assert read_questions(write(tmp_path, line))[0].answerable is answerable


def test_answerable_is_true_or_false(tmp_path):
    with pytest.raises(InputError, match="'answerable' is 'no'"):
        read_questions(write(tmp_path, '{"question": "Who?", "answerable": "no"}'))
