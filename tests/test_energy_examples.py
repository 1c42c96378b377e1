"""The example of an energy account, and the policies for Ollama on this host."""

import importlib.util
from pathlib import Path

import pytest

from dynamicrag import DynamicRAG
from dynamicrag.cli.starter import starter
from dynamicrag.testing import FakeEmbedder, FakeRetriever, ScriptedChat

EXAMPLES = Path(__file__).parents[1] / "examples"
ABOUT = "# The ferry\n\nThe ferry leaves Port Harrow at noon."
QUESTION = "When does the ferry leave Port Harrow?"


def says(text):
    return ScriptedChat(script=lambda kind, prompt: text)


@pytest.fixture
def example():
    path = EXAMPLES / "energy_report.py"
    assert len(path.read_text().splitlines()) < 100
    spec = importlib.util.spec_from_file_location("energy_report", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def docs(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ferry.md").write_text(ABOUT)
    return tmp_path / "docs"


def test_the_account_is_printed_by_stage_and_model(example, capsys):
    policy = {"version": 1, "models": {"small": {}}, "host": {"meter": "none"}}
    rag = DynamicRAG.from_policy(
        policy, models={"small": says("At noon.")}, retrievers={"kb": FakeRetriever([ABOUT])}
    )
    queries = example.ask(rag, [QUESTION, "Hello!"])
    stages, models, reasons = example.account(rag, queries)
    example.report(rag, queries[:1], queries[1:])
    printed = capsys.readouterr().out
    rag.close()
    assert stages["generator"]["estimated"] == models["small"]["estimated"] > 0
    assert stages["generator"]["estimated"] == pytest.approx(
        sum(
            line["cost"]["joules"]["value"]
            for q in queries
            for line in rag.explain(q).account
            if line["call"] == "small"
        )
    )
    assert reasons == []
    assert "generator" in printed
    assert "baseline always-large" in printed


@pytest.mark.parametrize("source", ["example", "preset"])
def test_the_policies_for_ollama_call_it_on_this_host(docs, tmp_path, source, monkeypatch):
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    path = EXAMPLES / "ollama.yaml"
    if source == "preset":
        path = tmp_path / "preset.yaml"
        path.write_text(starter("ollama", "balanced"))
    with DynamicRAG.from_policy(path, corpus=docs) as rag:
        models = rag.pipeline.models.values()
        assert {(each.runs, str(each.address)) for each in models} == {("same_host", "127.0.0.1:11434")}
        profiles = rag.pipeline.profiles.values()
        assert {profile.server for profile in profiles} == {"127.0.0.1:11434"}
        assert all(profile.priced and profile.ability is not None for profile in profiles)


@pytest.mark.slow
def test_the_policy_for_ollama_answers(docs, tmp_path):
    text = (EXAMPLES / "ollama.yaml").read_text()
    for model in ("ollama:llama3.2:3b", "ollama:qwen2.5:14b"):  # a stand-in's name does not tell its ability
        assert model in text
        text = text.replace(f'model: "{model}"', f'model: "{model}"\n    ability: 0.7')
    path = tmp_path / "ollama.yaml"
    path.write_text(text)
    given = {"small": says("At noon."), "large": says("At noon.")}
    with DynamicRAG.from_policy(path, corpus=docs, models=given, embedder=FakeEmbedder()) as rag:
        state = rag.build_graph().compile().invoke({"messages": [("user", QUESTION)]})
    assert "noon" in state["messages"][-1].text
