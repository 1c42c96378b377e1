"""Every fenced block of README and of the pages does what its page says."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from dynamicrag.cli import main
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.plain_yaml import parse_yaml
from dynamicrag.policy.file import load_policy, section_kinds
from dynamicrag.policy.policy import Policy
from dynamicrag.policy.schema import policy_schema
from tests.docs.commands import check, commands
from tests.docs.fences import ROOT, fences, pages

LANGUAGES = {"javascript", "python", "yaml", "console", "json", "jsonl", "toml", "text"}
QUICK = ("init", "validate", "routers", "models list", "ingest", "ask", "--version")
"""Commands that are run, and not parsed alone."""
FILLED = {
    "version": 1,
    "corpora": {"docs": {"path": "docs"}},
    "models": {name: {"model": f"openai:{name}"} for name in ("small", "medium", "large", "llm")},
    "helper": "small",
}
"""A policy that a fragment is put into."""
INCLUDED = re.compile(r'^--8<-- "([^"]+)"$', re.MULTILINE)
VALIDATOR = Draft202012Validator(policy_schema())


class Page:
    """A page that is read from top to bottom, as by one who tries everything."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder = path, folder
        self.names = {"__name__": "page"}

    def read(self) -> None:
        for fence in fences(self.path):
            assert fence.language in LANGUAGES, f"{fence}: no test knows the language {fence.language!r}"
            text = INCLUDED.sub(lambda found: (ROOT / found[1]).read_text(), fence.text)
            if fence.mark == "skip":
                continue
            if fence.title and not (self.folder / fence.title).exists():
                (self.folder / fence.title).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / fence.title).write_text(text)
            try:
                getattr(self, f"_{fence.language}")(text, fence)
            except (Exception, SystemExit) as error:
                raise AssertionError(f"{fence}: {type(error).__name__}: {error}") from error

    def _python(self, text, fence):
        exec(compile("\n" * fence.line + text, fence.page, "exec"), self.names)

    def _yaml(self, text, fence):
        policy = parse_yaml(text)
        whole = "version" in policy
        if not whole:
            stages = set(policy) <= set(section_kinds())
            policy = {**FILLED, **({"stages": policy} if stages else policy)}
        assert not set(policy) - set(Policy.model_fields), "no policy, and no part of one"
        read = load_policy(policy, trust=False)
        if whole:
            assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))] == []
            if not read.plugins and "state:" not in text:
                DynamicRAG.from_policy(policy)

    def _console(self, text, fence):
        for words in commands(text):
            check(words)
            if words[0] == "dynamicrag" and fence.mark != "parse" and self._is_quick(words[1:]):
                self._run(words[1:])

    def _is_quick(self, words):
        return " ".join(words).startswith(QUICK) and "…" not in words and "--baseline" not in words

    def _run(self, words):
        for word in words:
            named = self.folder / word
            if named.suffix == ".yaml" and not named.exists() and words[0] != "init":
                named.write_text((ROOT / "policies" / "balanced.yaml").read_text())
            if named.name == "questions.jsonl" and not named.exists():
                some = (ROOT / "examples" / "questions.jsonl").read_text().splitlines()[:2]
                named.write_text("\n".join(some))
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0, f"dynamicrag {' '.join(words)} ends with {ended.value.code}"

    def _json(self, text, fence):
        json.loads(text)

    def _jsonl(self, text, fence):
        for line in text.splitlines():
            json.loads(line)

    def _toml(self, text, fence):
        tomllib.loads(text)

    def _javascript(self, text, fence):
        if shutil.which("node"):
            command = ["node", "--check", "--input-type=module", "-"]
            done = subprocess.run(command, input=text, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr

    def _text(self, text, fence):
        """An output."""


@pytest.mark.slow
@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_does_what_it_says(path, reader):
    Page(path, reader).read()
