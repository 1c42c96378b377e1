import json

import yaml

from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.store.address import data_dir


def limited(there, **budget):
    policy = yaml.safe_load((there / "p.yaml").read_text())
    for model in policy["models"].values():
        model["profile"] = {"usd": 0}
    (there / "b.yaml").write_text(yaml.safe_dump({**policy, "objective": {"budget": budget}}))


def test_a_shared_total_is_shown_and_begun_anew(there, run, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(there / "data"))
    limited(there, total={"usd": 2.0}, account="team")
    purse = SharedPurse(data_dir() / "budgets.sqlite", "team")
    purse.add({"usd": 0.5})
    purse.take({"usd": 0.25}, {"usd": 2.0})
    code, out, _ = run("budget", "--policy", "b.yaml", "--json", "-")
    row = {"limit": 2.0, "spent": 0.5, "set_aside": 0.25, "left": 1.25, "overspent": 0.0}
    assert (code, json.loads(out)) == (0, {"account": "team", "total": {"usd": row}})
    code, out, _ = run("budget", "--policy", "b.yaml")
    assert code == 0
    assert "team" in out
    code, out, _ = run("budget", "--policy", "b.yaml", "--reset", "--json", "-")
    assert json.loads(out)["total"]["usd"]["spent"] == 0.0


def test_a_policy_that_shares_nothing_is_told_how(there, run):
    code, _, err = run("budget", "--policy", "p.yaml")
    assert code == 1
    assert "shares no total; name one, such as 'account: team'" in err


def test_a_limit_that_leaves_room_for_nothing_is_refused(there, run):
    limited(there, per_query={"joules": 0})
    code, _, err = run("validate", "b.yaml")
    assert code == 1
    assert "a limit of 0 allows nothing" in err
    limited(there, per_query={"usd": 0})
    assert run("validate", "b.yaml")[0] == 0


def test_a_limit_in_usd_needs_prices_and_validate_shows_them(there, run):
    policy = yaml.safe_load((there / "p.yaml").read_text())
    policy["models"]["small"]["profile"] = {
        "usd": {"input": 1.0e-6, "output": 2.0e-6},
        "prices": "contract of 2020-01-31",
    }
    (there / "b.yaml").write_text(yaml.safe_dump({**policy, "objective": {"budget": {"total": {"usd": 1}}}}))
    code, _, err = run("validate", "b.yaml")
    assert code == 1
    assert "no price is known of model 'large'" in err
    (there / "b.yaml").write_text(yaml.safe_dump(policy))
    _, out, _ = run("validate", "b.yaml", "--json", "-")
    prices = {model["name"]: model["price"] for model in json.loads(out)["models"]}
    known, unknown = prices["small"], prices["large"]
    assert (known["input"], known["output"], known["as_of"]) == (1.0, 2.0, "2020-01-31")
    assert "its price dates from 2020-01-31; check it" in known["warning"]
    assert (unknown["input"], unknown["output"]) == (None, None)
    assert "models.large.profile.usd: {input:" in unknown["warning"]
    code, out, _ = run("validate", "b.yaml")
    assert code == 0
    assert "unknown" in out
