from rich.console import Console

from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.question import SyntheticQuestion, to_lines
from dynamicrag.lab.synthesize.results import KindResult, SynthesisResult
from dynamicrag.lab.synthesize.view import page
from dynamicrag.lab.view.terminal import print_page

PASSAGE = {"id": "a#0", "document": "a", "title": "A", "text": "It opened in 1931.", "score": 0.0}


def figure(value):
    return {"value": value, "kind": "modelled"}


def result():
    single, none = KindResult(wanted=2), KindResult(wanted=1)
    single.count(SyntheticQuestion("When did it open?", "single", ("1931",), (PASSAGE,)))
    single.count(Refused("leaks", "What does the text say?"))
    single.costs.append({"joules": figure(12.0), "seconds": figure(3.0)})
    none.count(SyntheticQuestion("Hi, are you there?", "greeting"))
    return SynthesisResult(
        "q.jsonl", "small", 0, {"single": single, "none": none}, [*single.kept, *none.kept]
    )


def test_the_terminal_shows_counts_examples_cost_and_shortfalls():
    out = Console(width=100, markup=False, highlight=False)
    with out.capture() as captured:
        print_page(out, page(result()))
    text = " ".join(captured.get().split())
    assert "2 questions, written by small" in text
    assert "single 2 2 1 50 % 12.0 J leaks 1" in text
    assert "✓ When did it open? → 1931" in text
    assert "✗ leaks: What does the text say?" in text
    assert "✓ Hi, are you there? → –" in text
    assert "2 questions for 12.0 J modelled active, 3.00 s of calls" in text
    assert "note: fewer than wanted: 1 of 2 single;" in text


def test_json_has_the_ids_of_passages_and_the_file_their_documents():
    found = result().as_json()
    assert list(found) == ["out", "model", "seed", "kinds", "cost", "reasons", "questions"]
    assert found["questions"][0]["made_from"] == ["a#0"]
    assert found["kinds"]["none"]["cost"] == {}
    assert '"gold": ["a"]' in to_lines(result().questions)
