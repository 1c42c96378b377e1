"""A user's mistake is one clear line on standard error, and never a traceback."""

import pytest

CORPUS = ("-p", "p.yaml", "-c")


def policy(there, old, new):
    (there / "bad.yaml").write_text((there / "p.yaml").read_text().replace(old, new))
    return ("validate", "bad.yaml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("stages:", "stagess:", "did you mean 'stages'"),
        ("thresholds", "treshold", "unknown router 'treshold'; did you mean 'thresholds'"),
        ("[none, single]", "[none, singel]", "unknown option 'singel'; did you mean 'single'"),
        ("[small, large]", "[small, lagre]", "did you mean 'large'"),
        ("docs/", "dosc/", "dosc/ does not exist"),
        ("version: 1", "version: [", "not valid YAML"),
        ("meter: none", "meter: wattmeter", "unknown meter 'wattmeter'"),
    ],
)
def test_in_a_policy(there, run, old, new, says):
    code, out, err = run(*policy(there, old, new))
    assert (code, out) == (1, "")
    assert says in err
    assert err.count("\n") == 1
    assert err.startswith("error: bad.yaml: ") or "bad.yaml" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ask", "hi", "-p", "missing.yaml"), "no such policy file"),
        (("ask", "hi", "-p", "balancd"), "did you mean 'balanced'"),
        (("ask", "hi", *CORPUS, "nowhere"), "nowhere"),
        (("ask", "hi", *CORPUS, "empty"), "no document to read"),
        (("ask", "hi", *CORPUS, "binary"), "x.md: a binary file with the ending of text"),
        (("ask", " ", "-p", "p.yaml"), "it is empty"),
        (("ask", "-q", "big.txt", "-p", "p.yaml"), "big.txt:1: 5,000,000 characters"),
        (("ask", "-q", "missing.jsonl", "-p", "p.yaml"), "missing.jsonl: cannot be read"),
        (("ask", "hi", "-p", "p.yaml", "--json", "no/x.jsonl"), "there is no folder no"),
        (("ask", "hi", "-p", "p.yaml", "--json", "docs"), "is a folder"),
        (("ask", "hi", "-p", "p.yaml", "--baseline", "p.yaml"), "--baseline"),
        (("ask", "boom", "-p", "p.yaml"), "it went boom"),
        (("explain", "", "-p", "p.yaml"), "it is empty"),
        (("ingest", "empty"), "no document to read"),
        (("ingest", "docs", "--name", "dosc"), "did you mean 'docs'"),
        (("models", "pull", "smollm"), "unknown model 'smollm'"),
        (("init", "no/p.yaml"), "there is no folder no"),
        (("init", "p.yml", "--preset", "fruga"), "did you mean 'frugal'"),
    ],
)
def test_in_arguments(there, run, arguments, says):
    (there / "empty").mkdir()
    (there / "binary").mkdir()
    (there / "binary" / "x.md").write_bytes(bytes(range(256)))
    (there / "big.txt").write_text("x" * 5_000_000)
    code, _, err = run(*arguments)
    assert code == 1
    assert says in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


USAGES = (
    ("frob",),
    ("ask",),
    ("ask", "--polcy", "x"),
    ("ask", "hi", "-q", "q.jsonl"),
    ("ask", "hi", "--limit", "0"),
    ("models", "pull"),
)


@pytest.mark.parametrize("arguments", USAGES)
def test_wrong_usage(there, run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: dynamicrag")
    assert err.count("\n") == 1


def test_a_provider_without_its_key(there, run, monkeypatch):
    from dynamicrag.llm.build import chat_model

    monkeypatch.setattr("dynamicrag.policy.build_models.chat_model", chat_model)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    text = (there / "p.yaml").read_text().replace("fake:parrot", "openai:gpt-4o-mini")
    (there / "p.yaml").write_text(text.replace("fake:oracle", "openai:gpt-4o"))
    code, _, err = run("ask", "hi", "-p", "p.yaml")
    assert code == 1
    assert (
        err
        == "error: model small (openai:gpt-4o-mini): no key; set the environment variable OPENAI_API_KEY\n"
    )


def test_debug_shows_the_traceback(there, run):
    from dynamicrag.cli import main
    from dynamicrag.errors import PolicyError

    with pytest.raises(PolicyError):
        main(["validate", "missing.yaml", "--debug"])
