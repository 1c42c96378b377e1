"""Agreement samples of a made-up task: the weak model's samples agree where it is right."""

import json
from pathlib import Path

import numpy as np


def write_samples(path: Path, n: int = 80, *, seed: int = 0, tokens: bool = True, **change: object) -> Path:
    """Write samples of ``small`` (three prompts) and ``big`` (one); ``change`` is of all rows."""
    rng = np.random.default_rng(seed)
    lines = []
    for idx in range(n):
        sure = rng.random() < 0.6
        for llm, config, count in (("small", "cot1", 5), ("small", "pot1", 5), ("small", "cot1_t=0.8", 5),
                                   ("big", "greedy_cot1", 1)):  # fmt: skip
            if llm == "big":
                right = [int(rng.random() < 0.9)]
            else:
                right = (rng.random(count) < (0.95 if sure else 0.3)).astype(int).tolist()
            results = ["7.0" if one else str(rng.integers(10, 14)) for one in right]
            record = {
                "dataset": "sums", "llm": llm, "config": config, "idx": idx, "results": results,
                "correct": right, "maj_frac": 1.0,
            }  # fmt: skip
            lines.append(json.dumps(record | ({"out_tokens": [10] * len(right)} if tokens else {}) | change))
    path.write_text("\n".join(lines))
    return path
