"""Whatever is wrong with a policy is one line that says where; and ``validate`` runs none of its code."""

import json
import os
import time

import numpy as np
import pytest

PARROT, BM25 = '"fake:parrot"', "{lexical: {bm25: {}}}"
PLACES = [
    # what is put in, in place of what, and what the line says
    ("docs/", '"a\\0b"', "line 3: the text|corpora.docs.path: the text"),
    ("docs/", "x" * 5000, "corpora.docs.path: 'xxx"),
    ("docs/", '""', "corpora.docs.path: is empty"),
    ("docs/", "p.yaml/x", "corpora.docs.path: 'p.yaml/x' cannot be read: Not a directory"),
    ("docs/", "[]", "corpora.docs.path: List should have at least 1 item"),
    ("size: 64", "size: 1" + "0" * 400, "corpora.docs.chunk.size: a whole number beyond 64 bits"),
    ("size: 64", "size: 31", "corpora.docs.chunk.size: Input should be greater than or equal to 32"),
    ("size: 64", "size: .nan", "corpora.docs.chunk.size: nan is not a finite number"),
    ("overlap: 8", "overlap: 32", "corpora.docs.chunk: overlap: 32 is out of range; valid: 0 to 31"),
    ("version: 1", "version: 1\n5: x", "top level: the key 5 is not a text"),
    ("version: 1", "version: 1\nruns: {keep: 9999999999999}", "runs.keep: Input should be less than"),
    ("version: 1", "version: 1\nobjective: {weights: {usd: 1.0e+400}}", "objective.weights.usd: inf is not"),
    ("version: 1", "version: 1\nobjective: {weights: {usd: .nan}}", "objective.weights.usd: nan is not"),
    ("version: 1", "version: 1\nobjective: {weights: {usd: -1}}", "weights.usd: Input should be greater"),
    ("version: 1", "version: 1\nobjective: {weights: {joule: 1}}", "weights: unknown dimension 'joule'; did"),
    (PARROT, PARROT + ', ability: 82', "models.small.ability: an accuracy between 0 and 1 is needed"),
    (PARROT, PARROT + ', ability: 1', "models.small.ability: an accuracy between 0 and 1 is needed"),
    (PARROT, PARROT + ', ability: 0.0', "models.small.ability: an accuracy between 0 and 1 is needed"),
    (PARROT, PARROT + ', ability: high', "such as 0.82 for 82 %, got 'high'"),
    (PARROT, PARROT + ', ability: yes', "models.small.ability: an accuracy between 0 and 1 is needed"),
    (PARROT, PARROT + ', ability: .nan', "models.small.ability: nan is not a finite number"),
    ("version: 1", "version: " + "9" * 5000, "line 2: not valid YAML"),
    (PARROT, PARROT + ', params: {name: q}', "small.params.name: is set by"),
    (PARROT, PARROT + ', params: {spec: q}', "models.small.params.spec: is set by"),
    (PARROT, PARROT + ', params: {"a b": q}', "params: 'a b' is not a parameter"),
    (PARROT, PARROT + ', params: {context: -1}', "params.context: expected a number"),
    (PARROT, PARROT + ', params: {base_url: "http://[::1"}', "is not an address (Invalid IPv6 URL)"),
    (PARROT, PARROT + ', params: {base_url: "http://h:99999"}', "is not an address (Port out"),
    (PARROT, PARROT + ', params: {base_url: 7}', "params.base_url: expected an address, got 7"),
    (PARROT, PARROT + ', params: {base_url: "localhost:8000"}', "is not an http or https address"),
    (PARROT, PARROT + ', params: {base_url: "http://a b/v1"}', "is not an http or https address"),
    (PARROT, PARROT + ', params: {base_url: "http://u:hidden@h:p"}', "the address with a user is not"),
    (PARROT, PARROT + ', profile: {usd: {input: x}}', "models.small.profile"),
    ("[accept, escalate, abstain]", "{accept: , refine: {model: {a: 1}}}", "refine.model: unknown model"),
    ("max_escalations: 1", "max_escalations: 99999", "verification.max_escalations: Input should be less"),
    ("max_escalations: 1", "timeout: 1.0e+300", "verification.timeout: Input should be less than"),
    (BM25, '{mine: {langchain: {path: "not a module:x"}}}', "path: expected 'package."),
    (BM25, "{mine: {langchain: {path: 5}}}", "mine.langchain.path: Input should be"),
    (BM25, "{mine: {langchain: {}}}", "parameter 'path' is missing"),
    (BM25, "{mine: {langchain: [a]}}", "expected a name or {name: {parameter: value}}"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), PLACES, ids=lambda text: text[:40])
def test_a_policy_with_a_mistake(there, run, old, new, says):
    text = (there / "p.yaml").read_text()
    assert old in text
    (there / "bad.yaml").write_text(text.replace(old, new, 1))
    began = time.process_time()
    code, out, err = run("validate", "bad.yaml")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("error: bad.yaml: ")
    assert any(part in err for part in says.split("|")), err
    assert len(err) < 1000
    assert time.process_time() - began < 5


def test_files_that_are_no_policies(there, run):
    os.mkfifo(there / "fifo.yaml")
    (there / "folder.yaml").mkdir()
    (there / "empty.yaml").touch()
    (there / "binary.yaml").write_bytes(bytes(range(128, 256)))
    (there / "huge.yaml").write_text("# " + "x" * 1_100_000)
    for name, says in [
        ("fifo.yaml", "it is not a regular file"),
        ("folder.yaml", "it is a folder"),
        ("empty.yaml", "expected a mapping with 'version'"),
        ("binary.yaml", "line 1: it is not UTF-8 text"),
        ("huge.yaml", "at most 1,000,000 are read"),
        ("x" * 300 + ".yaml", "File name too long"),
        ("x" * 300, "unknown preset"),
        ("", "the name is empty"),
    ]:
        code, out, err = run("validate", name)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert says in err
        assert len(err) < 700


def test_a_byte_order_mark_is_no_mistake(there, run):
    for encoding in ("utf-8-sig", "utf-16"):
        (there / "marked.yaml").write_text((there / "p.yaml").read_text(), encoding)
        assert run("validate", "marked.yaml")[0] == 0


MODULE = """
from pathlib import Path
from langchain_core.retrievers import BaseRetriever
Path("imported").touch()
class Mine(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return []
"""
THEIRS = """{options: {mine: {langchain: {path: "theirs_to_run:Mine"}}, both: {rrf: {of: [mine, lexical]}},
    lexical: bm25}, router: random}"""


def test_validate_imports_what_a_policy_names_only_if_it_is_trusted(there, run, monkeypatch):
    monkeypatch.syspath_prepend(there)
    (there / "theirs_to_run.py").write_text(MODULE)
    text = (there / "p.yaml").read_text()
    assert "{options: {lexical: {bm25: {}}}}" in text
    (there / "p.yaml").write_text(text.replace("{options: {lexical: {bm25: {}}}}", THEIRS))
    code, out, err = run("validate", "p.yaml", "--json", "-")
    assert code == 0, err
    told = "mine: theirs_to_run:Mine was not imported, which would run it; --trust does"
    assert told in json.loads(out)["notes"]
    assert not (there / "imported").exists()
    assert run("validate", "p.yaml", "--trust")[0] == 0
    assert (there / "imported").exists()


def test_what_a_trusted_module_lacks_is_still_said(there, run):
    text = (there / "p.yaml").read_text()
    (there / "p.yaml").write_text(text.replace("bm25: {}", 'langchain: {path: "no_such_module:Mine"}'))
    assert run("validate", "p.yaml")[0] == 0
    code, _, err = run("validate", "p.yaml", "--trust")
    assert code == 1
    assert "cannot import 'no_such_module'" in err
    code, _, err = run("ask", "-p", "p.yaml", "How many?")
    assert code == 1
    assert "cannot import 'no_such_module'" in err


def test_states_that_are_none(there, run):
    text = (there / "p.yaml").read_text().replace("{fixed: {option: small}}", "{knn: {state: r.npz}}")
    (there / "p.yaml").write_text(text)
    (there / "junk").write_bytes(b"PK\x03\x04" + bytes(200))
    np.savez(there / "foreign.npz", a=np.zeros(3))
    (there / "folder").mkdir()
    for name, says in [
        ("junk", "or a damaged one"),
        ("foreign.npz", "or a damaged one"),
        ("folder", "regular"),
        ("", "no trained"),
    ]:
        if name:
            (there / name).rename(there / "r.npz")
        code, _, err = run("validate", "p.yaml")
        assert (code, err.count("\n")) == (1, 1)
        assert "r.npz" in err
        assert says in err
        if name:
            (there / "r.npz").rename(there / name)


def test_explain_shows_a_failure_and_what_was_decided_before_it(there, run):
    code, out, err = run("explain", "-p", "p.yaml", "boom, the lighthouse?")
    assert (code, err.count("\n")) == (1, 1)
    assert "it went boom" in err
    assert "it went boom" in out
    assert "retrieval" in out
    assert "account" in out


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("{whole: false}", "'whole' is false, so it needs 'chunks: K'"),
        ("{whole: 1}", "whole: expected true or false, got 1"),
        ("{whole: }", "whole: expected true or false, got None"),
        ("{chunks: true}", "chunks: expected a whole number from 0 to 1,000, got True"),
        ("{chunks: 1.5}", "chunks: expected a whole number from 0"),
        ("[1]", "stages.context.options.short"),
    ],
)
def test_contexts_that_are_none(there, run, option, says):
    text = (there / "p.yaml").read_text().replace("{short: {chunks: 1}}", f"{{short: {option}}}")
    (there / "bad.yaml").write_text(text)
    code, _, err = run("validate", "bad.yaml")
    assert (code, err.count("\n")) == (1, 1)
    assert says in err
