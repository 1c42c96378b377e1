"""Policies: files with bytes changed, and files whose values are not what belongs there."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from dynamicrag.cli.policy_facts import facts_of
from dynamicrag.policy.assembly import assemble
from dynamicrag.policy.file import load_policy
from dynamicrag.policy.policy import Policy
from tests.fuzz.target import Target
from tests.fuzz.values import damaged, mutated

POLICY = """
version: 1
corpora:
  docs: {path: docs, chunk: {size: 64, overlap: 8}, nearness: {similar: 0.5, strange: 0.2}}
  more:
    path: [docs, docs/a.md]
    embedding: {"openai:text-embedding-3-small": {dimensions: 256, base_url: "http://127.0.0.1:9/v1"}}
    embedding_profile: {usd: {input: 2.0e-8}}
plugins: [mine]
models:
  small: {model: "openai:gpt-4o-mini", params: {base_url: "http://127.0.0.1:9/v1", max_retries: 0}}
  large:
    model: "openai:gpt-4o"
    runs: remote
    profile: {usd: {input: 1.0e-6, output: 2.0e-6}, joules: {output: 1.0}}
helper: small
objective:
  weights: {usd: 20, joules: 0.0005}
  budget: {per_query: {joules: 400}, total: {usd: 5.0}, exhausted: error}
host: {meter: none, country: DEU}
runs: {keep: 0}
calibrated:
  date: 2026-01-01
  rows: 40
  joules: {mean: 2.0, low: 1.0, high: 3.0}
  shares: {generator: {small: 0.5, large: 0.5}}
stages:
  retrieval:
    options: [none, single, iterative]
    router: {utterances: {examples: {none: [hello there], single: [who was it]}, k: 2, otherwise: iterative}}
  retriever:
    parts: {plain: {bm25: {}}}
    options:
      lexical: {bm25: {corpus: docs}}
      both: {rrf: {of: [lexical, plain]}}
      mine: {langchain: {path: "mine:Mine", args: {k: 3}}}
    router: prior
  context: {options: {short: {chunks: 2, tokens: 400}, document: {whole: true, documents: 2}}, router: random}
  prompt:
    options: {direct: , cot: {description: sums, max_tokens: 64}}
    router: {llm: {model: small, otherwise: direct, temperature: 0.5, epsilon: 0.1}}
  generator:
    options: {small: {description: {domain: chat, action: greet}}, large: }
    router:
      rules:
        when:
          - {if: {words: {above: 9, at_most: 30}, language: [de, French]}, take: large}
          - {if: {path: {retrieval: none}, metadata: {plan: gold, seats: {below: 9}}}, take: small}
          - {if: {hour: {at_least: 8}, weekday: [sat]}, take: large}
          - {if: {file_type: [pdf, .md], user: anna, tags: [a, b], greeting: true}, take: large}
        otherwise: small
        time_zone: Europe/Berlin
  verification:
    options: {accept: , refine: {model: large}, escalate: , abstain: }
    verifiers: [unanswerable, {groundedness: {}}, token_margin]
    router: {thresholds: {groundedness: 0.4, token_margin: 0.2, abstain: [unanswerable]}}
    escalate: {unanswerable: retriever, ungrounded: [generator, refine]}
    max_escalations: 2
    timeout: 20
"""
_ALIASES = """
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c {k: &d [*b, *b, *b, *b, *b, *b, *b, *b, *b], <<: {l: *d}}
e: &e [*c, *c, *c, *c, *c, *c, *c, *c, *c]
f: [*e, *e, *e, *e, *e, *e, *e, *e, *e]
"""
_SNIPPETS = [
    "2026-13-45", "9" * 5000, "? [a, b]\n: 1", "&a [*a]", "*none", "<<: [1, 2]", "!!binary aGk=",
    "!!python/none",
    "!!set {a, b}", "!!omap [a: 1]", '"\\ud800"', '"\\0"', "\t", "...\n---\n", "%YAML 9.9", "0o9",
    "1:99:99", "!!int ''",
    "!!float ''", "!!bool x", "!!timestamp x", "=", "<<: *b", "~: ~", "[" * 3000, "{a: " * 200,
    "- " * 400, "&a &b x", "|\n", ">-\n x",
]  # fmt: skip


@st.composite
def _texts(draw: Any) -> bytes:
    """Return a policy's text with a snippet somewhere in it, or where a value was."""
    lines = POLICY.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    snippet = draw(st.sampled_from(_SNIPPETS))
    head = lines[at].partition(":")[0]
    lines[at] = draw(
        st.sampled_from([f"{head}: {snippet}", snippet, f"{lines[at]} {snippet}", f"x: {snippet}"])
    )
    text = "\n".join(lines)
    return (draw(st.sampled_from(["", _ALIASES, "\ufeff"])) + text).encode("utf-8", "surrogatepass")


def _dumped(value: Any) -> bytes:
    return yaml.dump(value, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")


def _read(made: Any, folder: Path) -> object:
    (folder / "docs").mkdir()
    (folder / "docs" / "a.md").write_text("# A\n\nThe bridge is blue.\n")
    (folder / "mine.py").write_text("raise SystemExit('was imported')\n")
    where = folder / "policy.yaml"
    where.write_bytes(made)
    return _validate(load_policy(where, trust=False))


def _read_mapping(made: Any, folder: Path) -> object:
    (folder / "docs").mkdir()
    return _validate(load_policy(made, folder / "docs", trust=False))


def _validate(policy: Policy) -> object:
    """Do what ``dynamicrag validate`` does."""
    pipeline = assemble(policy, trust=False)
    return facts_of(policy, pipeline, trust=False)


FILES = Target(
    "policies",
    st.one_of(
        mutated(yaml.safe_load(POLICY)).map(_dumped), mutated(yaml.safe_load(POLICY)).map(_dumped),
        _texts(),
        damaged(POLICY.encode()), st.binary(max_size=60), st.just(POLICY.encode("utf-16")),
    ),
    _read,
    ("policy.yaml", "model "),
)  # fmt: skip
MAPPINGS = Target("policy-mappings", mutated(yaml.safe_load(POLICY), 3), _read_mapping)
