"""A small table of made-up outcomes, drawn from a known item-response model."""

import gzip
import json
from pathlib import Path

import numpy as np

from dynamicrag.lab.priors.sources import STRATEGY_BY_MODEL, STRATEGY_BY_QUESTION, SUBJECTS
from dynamicrag.priors.generation import STRATEGIES

EASY = "Who wrote the novel number {n}?"
HARD = "Where was the spouse of the director of the film number {n} born, and when?"


def embed(texts):
    """Return unit vectors of three numbers that tell easy from hard questions."""
    table = np.array(
        [[float(text.startswith("Who")), float("spouse" in text), len(text) / 100] for text in texts]
    )
    return (table / np.linalg.norm(table, axis=1, keepdims=True)).astype(np.float32)


def write(folder: Path, rows: int = 200, options: slice = slice(None)) -> Path:
    """Write the table of strategies by models; easy questions are right more often, and abilities count."""
    rng = np.random.default_rng(0)
    path = folder / STRATEGY_BY_MODEL.file
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for n in range(rows):
            hard = n % 2
            outcomes = {}
            for s, strategy in enumerate(STRATEGIES):
                for name, subject in SUBJECTS.items():
                    logit = subject.theta - 1 - 2 * hard + (0.0, 0.5, 0.5 + hard)[s]
                    tokens = 50 + 800 * (s > 0) + 400 * (s > 1)
                    right = float(rng.random() < 1 / (1 + np.exp(-logit)))
                    outcomes[f"{strategy}/{name}"] = {
                        "quality": right, "input_tokens": tokens, "output_tokens": 20 + 40 * (s > 1)
                    }  # fmt: skip
            kept = dict(list(outcomes.items())[options])
            text = (HARD if hard else EASY).format(n=n)
            file.write(json.dumps({"query_id": f"q{n}", "query": text, "outcomes": kept}) + "\n")
    return path


def write_strategies(folder: Path, rows: int = 200) -> Path:
    """Write the table of strategies for one model: iterating helps with hard questions alone."""
    rng = np.random.default_rng(1)
    path = folder / STRATEGY_BY_QUESTION.file
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for n in range(rows):
            chance = dict(zip(STRATEGIES, (0.2, 0.3, 0.8) if n % 2 else (0.3, 0.9, 0.4), strict=True))
            outcomes = {name: {"quality": float(rng.random() < share)} for name, share in chance.items()}
            text = (HARD if n % 2 else EASY).format(n=n)
            file.write(json.dumps({"query_id": f"q{n}", "query": text, "outcomes": outcomes}) + "\n")
    return path
