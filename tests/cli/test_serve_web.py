"""``dynamicrag serve`` with the web chat: when there is one, and its folder of uploads."""

from pathlib import Path

import pytest

from dynamicrag.cli.serve import _load, _web
from dynamicrag.errors import InputError
from dynamicrag.serve.web import WebSettings


def test_it_is_there_with_its_extra_and_has_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    assert _web(None, None, False) == WebSettings(uploads=tmp_path / "data" / "uploads")
    assert (tmp_path / "data" / "uploads").is_dir()
    assert _web(True, tmp_path / "own", False) == WebSettings(uploads=tmp_path / "own")
    assert _web(None, None, True) == WebSettings()
    assert _web(False, tmp_path, False) is None


def test_a_missing_extra_leaves_it_out_unless_it_is_wanted(monkeypatch):
    monkeypatch.setattr("dynamicrag.extras.find_spec", lambda name: None)
    assert _web(None, None, False) is None
    with pytest.raises(InputError, match=r"dynamicrag\[ui\]"):
        _web(True, None, False)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"--uploads .*cannot be made"):
        _web(None, tmp_path / "file" / "uploads", False)


@pytest.mark.slow
def test_every_policy_reads_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("One.")
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    text = "version: 1\ncorpora: {docs: {path: docs}}\nmodels: {m: {model: 'openai:m'}}\n"
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(text)
    from dynamicrag.cli.console import PlainConsole

    with _load(
        [str(tmp_path / "one.yaml"), str(tmp_path / "two.yaml")], None, uploads, PlainConsole()
    ) as rag:
        assert list(rag.policies) == ["", "two"]
        for pipeline in rag.policies.values():
            assert [Path(path).name for path in pipeline.corpora["docs"].paths] == ["docs", "uploads"]
