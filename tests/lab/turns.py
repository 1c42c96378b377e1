"""Kept queries as the bookkeeper writes them, for the tests of the report."""

from dynamicrag.lab.report.records import Process
from dynamicrag.lab.report.turns import Turn

STAGES = {"retriever": 0.1, "generator": 0.9}


def figures(joules, kind="modelled", usd=0.0, **extra):
    """Return the figures of a cost; carbon and water follow the joules."""
    return {
        "usd": {"value": usd, "kind": "estimated" if usd else "measured"},
        "tokens": {"value": 120, "kind": "measured"},
        "seconds": {"value": joules / 10, "kind": "measured"},
        "joules": {"value": joules, "kind": kind, **extra},
        "gco2e": {"value": joules / 1000, "kind": kind},
        "water": {"value": joules * 1e-6, "kind": "estimated", "low": joules * 5e-7, "high": joules * 2e-6},
    }


def turn(number, joules=10.0, *, policy="balanced", kind="modelled", usd=0.0, extra=None, **changes):
    """Return the record of a query; ``changes`` replace what is in it."""
    return {
        "id": f"t{number}",
        "at": 1_795_000_000.0 + 60 * number,
        "policy": policy,
        "thread": "",
        "cost": figures(joules, kind, usd, **(extra or {})),
        "full": figures(1.5 * joules, kind, usd),
        "stages": {stage: figures(share * joules, kind, share * usd) for stage, share in STAGES.items()},
        "models": {},
        "tokens": {"input": 100, "output": 20},
        "wall_seconds": joules / 8,
        "first_token_seconds": joules / 20,
        "failed_calls": 0,
        "path": {"retrieval": "single", "generator": "small", "verification": "accept"},
        "abstained": False,
        "escalations": [],
        "provisional": False,
        **changes,
    }


def asked(number, joules=10.0, *, question="", process="p1", **changes):
    """Return a query as it is read back: with the mark of its question and its process."""
    record = turn(number, joules, **changes)
    return Turn.model_validate({**record, "question_mark": question or f"q{number}", "process": process})


def process(name="p1", *, queries=100.0, ingest=0.0, warm=0.0, idle=0.0, residual=0.0, **changes):
    """Return the accounts of a process, which add up to its meter's sum but for ``residual``."""
    accounts = {
        "id": name,
        "meter": "codecarbon",
        "kind": "modelled",
        "active": queries + ingest + warm,
        "idle": idle,
        "constant": 7.0,
        "unexplained": 0.0,
        "pending": 0.0,
        "faults": 0,
        "ingest": ingest,
        "warm": warm,
        **changes,
    }
    parts = ("active", "idle", "constant", "unexplained", "pending")
    return {"metered": residual + sum(accounts[part] for part in parts), **accounts}


def books(name="p1", **changes):
    """Return the accounts of a process as they are read back."""
    return Process.model_validate(process(name, **changes))
