"""The tests of the pages can fail: what is wrong in a block is found, and with its place."""

import pytest

from tests.docs.commands import commands
from tests.docs.fences import fences
from tests.docs.test_snippets import Page


@pytest.fixture
def read(reader, monkeypatch):
    """Read a page with some text."""
    monkeypatch.setattr("tests.docs.fences.ROOT", reader)

    def go(text):
        page = reader / "page.md"
        page.write_text(text)
        Page(page, reader).read()

    return go


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("```python\nassert 1 == 2\n```", r"page.md:1: AssertionError"),
        (
            "```yaml\nversion: 1\nmodels: {m: {model: 'openai:m'}}\noutside: maybe\n```",
            "page.md:1: PolicyError",
        ),
        ("```yaml\nstages: {generator: {rooter: x}}\n```", "rooter"),
        ("```yaml\nprompt: {options: {direct: }}\nservices: {}\n```", "no policy, and no part of one"),
        ("```console\n$ dynamicrag ask x --polciy balanced\n```", "--polciy"),
        ("```console\n$ dynamicrag aks x\n```", "no command aks"),
        ("```console\n$ dynamicrag validate my.yaml --json -\n$ brew install x\n```", "no test knows: brew"),
        ("```console\n$ make coffee\n```", "no such target"),
        ("```console\n$ pip install 'dynamicrag[nothing]'\n```", "no extra nothing"),
        ("```console\n$ python examples/nothing.py\n```", "no such module or file"),
        ("```json\n{'a': 1}\n```", "JSONDecodeError"),
        ("```jsonl\n{}\n{\n```", "JSONDecodeError"),
        ("```toml\na = \n```", "TOMLDecodeError"),
        ("```rust\nfn main() {}\n```", "no test knows the language 'rust'"),
        ("```\nwhat is this?\n```", "no test knows the language ''"),
        ("- a list\n\n    ```python\n    1 / 0\n    ```", "ZeroDivisionError"),
        ("```python\n1", "the block has no end"),
    ],
)
def test_what_is_wrong_in_a_block_is_found(read, block, message):
    with pytest.raises(AssertionError, match=message):
        read(block)


def test_blocks_share_names_and_files_in_order(read, reader):
    read(
        '```python title="mine.py"\nX = 1\n```\n```python\nfrom mine import X as Y\n\nassert X == Y\n```\n'
        "<!-- test: skip, it needs a server -->\n```python\n1 / 0\n```\n"
    )
    assert (reader / "mine.py").read_text() == "X = 1\n"


def test_a_skipped_block_says_why(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- test: skip -->\n```python\n```\n<!-- test: skip, because -->\n```python\n```\n")
    assert [fence.mark for fence in fences(page)] == ["", "skip"]


def test_commands_go_on_over_lines_and_end_at_pipes():
    text = "$ dynamicrag ask a \\\n    --json - | head # all\n output\n$ curl -d '{\n}' x > y\n"
    assert list(commands(text)) == [
        ["dynamicrag", "ask", "a", "--json", "-"],
        ["head"],
        ["curl", "-d", "{\n}", "x"],
    ]
