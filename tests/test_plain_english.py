"""Plain English in docstrings, comments, messages and names: a list of words that read like a translation."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dynamicrag"
DATA = {
    "dynamicrag/lab/synthesize/prompts.py",
    "dynamicrag/lab/synthesize/templates.py",
    "dynamicrag/features/conversation.py",
    "dynamicrag/features/phrases.py",
    "dynamicrag/features/pointers.py",
    "dynamicrag/features/sum_words.py",
    "dynamicrag/features/opening.py",
    "dynamicrag/text/languages.py",
    "dynamicrag/text/spoken.py",
    "dynamicrag/verify/judge.py",
    "dynamicrag/text/withheld.py",
}
"""Modules whose strings are words of users, not prose of ours."""

PROSE = {
    r"\b(?:come|comes|came) to\b": "equals, gives, adds up to, reaches",
    r"\b(?:come|comes|came|become) of\b": "results from, is the result of",
    r"\b(?:is|are|was|were|be|been) told\b": "receives, is reported, is named; or use the active voice",
    r"\bis had\b": "has",
    r"\breckon": "compute, count, expect, assume",
    r"\bheed(?:s|ed)?\b": "respect, consider",
    r"\b(?:bury|buries|buried)\b": "discard",
    r"\banew\b": "again",
    r"\bones? (?:that|which)\b": "repeat the noun",
    r"\bof which\b": "whose, from these; or two sentences",
    r"\b(?:what|which|who|where)(?:so)?ever\b": "any, all, every, if",
    r"\bsuch as (?:are|is|have|has|do|does|was|were|can)\b": "those that; or name them",
    r"\b(?:speak|speaks|spoke|spoken) of\b": "cover, mention, be about",
    r"\b(?:say|says|said) of\b": "about; or name the figure itself",
    r"\bnothing but\b": "only",
    r"\b(?:it|they|this|that|which|who) (?:is|are) none\b": "is not a ...",
    r"\bwhat is no(?:ne|thing)?\b": "name the thing that is invalid",
    r"\bgo(?:es|ne)? on (?:with|from|to|by|working)\b": "continue",
    r"\btak(?:e|es|en|ing) (?:it|this|them|one|that|these) out\b": "remove",
    r"\bwhere nobody\b": "if no ...",
    r"\bone's own\b": "your own, user-defined",
    r"\blet(?:s|ting)? go of\b": "release, close",
    r"\bdear(?:er|est)\b": "more expensive, most expensive",
    r"\bmake[s]? of (?:it|them|this|that)\b": "name the result",
    r"\bhow (?:alike|dear|sure|near) (?:it|they|two|a|the)\b": "similarity, cost, certainty, distance",
    r"\bso as to\b|\b(?:there|where|here)(?:by|of|with)\b|\bnought\b|\blest\b": "so that, with this, not",
}
"""Patterns in docstrings, comments and messages, each with better words."""

HEADLESS = re.compile(
    r"(?:What|Who|Whose|Whom|How|When|Where|Which)(?:ever)?\b|That\b|Those\b|(?:Such|One) (?:as|of|that)\b"
    r"|All that\b|Of (?:what|which|every)\b|(?:Return|Yield|Refuse) (?:what|who|whose|how|where|which)\b"
)
"""The beginning of a docstring, or of the description of an argument, that names no thing."""

LOOSE = re.compile(
    r"(?:^|[,;:] )(?:what|one that|those that)\b(?! if\b)|^(?:who|whose|which)\b", re.IGNORECASE
)
"""A clause of a comment that names no thing."""

NAMES = {
    "came": "replayed, result",
    "told": "reported, shown, known",
    "tell": "report, progress",
    "heard": "feedback, score",
    "roomy": "always_fits",
    "stated": "as_probability, declared",
    "took": "chosen, cost",
    "unyielding": "always_fits",
    "lessons": "data, training_data",
    "news": "signals",
    "reckon": "expect, compute",
    "reckoned": "expected, computed",
    "bury": "discard",
    "heed": "respect",
    "whose": "owner, method_name",
    "dear": "expensive",
    "dearest": "most_expensive",
}
"""Words that no identifier contains, each with better ones."""

FILES = [
    *PACKAGE.rglob("*.py"),
    *(path for folder in ("examples", "graphs") for path in (ROOT / folder).rglob("*.py")),
]
ENTRY = re.compile(r"\s+\*{0,2}\w+(?:, \*{0,2}\w+)*: ")


def folder_of(path: Path) -> str:
    return "/".join(path.relative_to(ROOT).parts[:2][: len(path.relative_to(ROOT).parts) - 1])


def docstrings(nodes: list[ast.AST]) -> list[ast.Constant]:
    """Return the docstrings of a module, its classes, its functions and its constants."""
    bodies = [node.body for node in nodes if isinstance(getattr(node, "body", None), list)]
    alone = [each.value for body in bodies for each in body if isinstance(each, ast.Expr)]
    return [each for each in alone if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def messages(nodes: list[ast.AST], prose: list[ast.Constant]) -> Iterator[tuple[int, str]]:
    """Yield line and text of all strings of several words but docstrings; values in them are ``{}``."""
    docs = {id(each) for each in prose}
    framed = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    inside = {id(part) for node in framed for part in node.values}
    for node in framed:
        parts = (str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        yield node.lineno, "".join(parts)
    for node in nodes:
        said = node.value if isinstance(node, ast.Constant) else None
        if isinstance(said, str) and said.count(" ") > 1 and id(node) not in docs | inside:
            yield node.lineno, said


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every comment; lines that follow each other are one."""
    line, joined = -1, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != line + 1:
                yield line, joined
                joined = ""
            line, joined = token.start[0], f"{joined} {token.string.lstrip('# ')}"
    yield line, joined


def names(nodes: list[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield line and name of everything that a module defines."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def words_of(name: str) -> list[str]:
    """Return the words of an identifier in snake case or camel case, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


ANY_PROSE = re.compile("|".join(PROSE), re.IGNORECASE)


def in_prose(line: int, text: str) -> Iterator[str]:
    """Yield what the list finds in a text."""
    joined = " ".join(text.split())
    if not ANY_PROSE.search(joined):
        return
    for pattern, better in PROSE.items():
        for match in re.finditer(pattern, joined, re.IGNORECASE):
            yield f"{line}: {match[0]!r}; better: {better}"


def at_head(line: int, text: str) -> Iterator[str]:
    """Yield a docstring's first line, and descriptions of its arguments, that begin without a head."""
    first, *rows = text.splitlines() or [""]
    entries = [ENTRY.sub("", row, count=1) for row in rows if ENTRY.match(row)]
    for row in (first, *entries):
        if match := HEADLESS.match(row):
            yield f"{line}: {match[0]!r} at the head; begin with the thing itself"


def loose(line: int, comment: str) -> Iterator[str]:
    """Yield the clauses of a comment that begin without a head."""
    for match in LOOSE.finditer(comment.strip()):
        yield f"{line}: {match[0]!r} begins a clause; name the thing itself"


def hits(text: str, data: bool = False) -> list[str]:
    """Return what the lists find in a module, by line, with better words; ``data``: not in its strings."""
    nodes = list(ast.walk(ast.parse(text)))
    prose = docstrings(nodes)
    docs = [(each.lineno, str(each.value)) for each in prose]
    found = [hit for line, doc in docs for hit in at_head(line, doc)]
    remarks = list(comments(text))
    found += [hit for line, comment in remarks for hit in loose(line, comment)]
    for line, said in (*docs, *remarks, *(() if data else messages(nodes, prose))):
        found += in_prose(line, said)
    for line, name in names(nodes):
        found += [f"{line}: {name}; better: {NAMES[word]}" for word in words_of(name) if word in NAMES]
    return found


@pytest.mark.parametrize("folder", sorted({folder_of(path) for path in FILES}))
def test_a_folder_is_in_plain_english(folder):
    found = [
        f"{path.relative_to(ROOT)}:{hit}"
        for path in FILES
        if folder_of(path) == folder
        for hit in hits(path.read_text("utf-8"), data=path.relative_to(ROOT).as_posix() in DATA)
    ]
    assert not found, "\n".join(["not in plain English:", *found])


@pytest.mark.parametrize(
    "text",
    [
        '"""What a call used."""',
        '"""How far a figure may be off."""',
        '"""Of every round, the rows that are judged."""',
        '"""Those hashes."""',
        '"""Return how far a figure may be off."""',
        'def f(a):\n    """Sum.\n\n    Args:\n        a: Where it begins.\n    """',
        "x = 1  # what cannot be had counts as worse",
        "x = 1  # one choice of a whole path: what only some find out",
        'def f(a):\n    """Sum.\n\n    Args:\n        a: What is added.\n    """',
        "x = 1  # a path that the limits\n# have no room for is not reckoned with",
        'raise ValueError(f"{x}: it is none; take it out")',
        "def came_to(): ...",
        "class Lessons: ...",
    ],
)
def test_a_translation_is_found(text):
    assert hits(text)


def test_plain_words_pass():
    assert not hits('"""Skip paths that exceed the budget."""\nprogress = "still to be read"  # done')
