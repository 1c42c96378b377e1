"""Show the words that each paraphrase shares with its document: ``python -m tests.answers.overlap``.

Words are compared by their stems (Snowball, English), without stop words and numbers.
"""

import json
import re
import sys
from pathlib import Path

from nltk.stem.snowball import SnowballStemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "examples" / "corpus"


def stems(text: str) -> set[str]:
    stemmer = SnowballStemmer("english")
    words = re.findall(r"[^\W\d_]{3,}", text.lower())
    return {stemmer.stem(word) for word in words if word not in ENGLISH_STOP_WORDS}


def main() -> None:
    rows = [json.loads(line) for line in (HERE / "paraphrases.jsonl").read_text("utf-8").splitlines()]
    shared = 0.0
    for row in rows:
        asked, written = stems(row["question"]), stems((CORPUS / row["document"]).read_text("utf-8"))
        both = sorted(asked & written)
        shared += len(both) / len(asked)
        line = f"{row['id']}  {len(both)}/{len(asked)}  {', '.join(both):30}  {row['question']}\n"
        sys.stdout.write(line)
    share = shared / len(rows)
    sys.stdout.write(f"\n{len(rows)} questions share {share:.0%} of their words with the document\n")


if __name__ == "__main__":
    main()
