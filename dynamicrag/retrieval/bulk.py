"""Embedding thousands of texts at once with a sentence-transformers model."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.retrieval.embedder import Vectors
from dynamicrag.text.normal import encodable

LOT = 64
"""Texts that a thread takes at a time."""
BATCH = 16
"""Texts per forward pass: few, so that they stay in the processor's cache."""


def embed_in_bulk(model: Any, texts: Sequence[str]) -> Vectors:
    """Embed texts with a ``SentenceTransformer``; each core takes lots of texts of equally many tokens.

    Texts of one length need no padding: sorted by characters, a seventh of all tokens was padding.

    Where the processor multiplies bfloat16 itself, products are of that precision; vectors then differ
    from the exact ones by a cosine distance of some 0.00003.

    Returns:
        Unit vectors, (n, d).
    """
    import torch

    # older versions of torch do not tell
    able: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    rounded = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    given = [encodable(text) for text in texts]
    pieces = model.tokenizer(given, truncation=True, max_length=model.max_seq_length)["input_ids"]
    order = np.argsort([len(piece) for piece in pieces], kind="stable")[::-1]
    lots = [order[begin : begin + LOT] for begin in range(0, len(order), LOT)]

    def embed(lot: NDArray[np.intp]) -> Vectors:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=rounded):
            made = model.encode_document(
                [given[row] for row in lot],
                batch_size=BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(made, dtype=np.float32)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a thread a lot costs less waiting than all threads on each product
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            made = list(pool.map(embed, lots))
    finally:
        torch.set_num_threads(threads)
    vectors = np.empty((len(texts), made[0].shape[1]), dtype=np.float32)
    vectors[order] = np.concatenate(made)
    return vectors
