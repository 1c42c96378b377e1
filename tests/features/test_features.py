import pytest

from dynamicrag.features.lexical import lexical
from dynamicrag.features.response import response
from dynamicrag.features.retrieval import retrieval


def passage(text, score, document="d"):
    return {"id": f"{document}#{score}", "document": document, "title": "", "text": text, "score": score}


@pytest.mark.parametrize(
    ("question", "flag"),
    [
        ("Hi there!", "greeting"),
        ("Good morning", "greeting"),
        ("Thanks, that helped.", "greeting"),
        ("How are you?", "greeting"),
        ("Hello, how are you today?", "greeting"),
        ("Great, thank you very much!", "greeting"),
        ("What is 7 times 8?", "sum"),
        ("What is 12 * 4?", "sum"),
        ("Which opened first, the inn or the baths?", "comparison"),
        ("Which opened first, the inn or the baths?", "ranks"),
        ("Was Beth Underhill or Bryan Pamba born first?", "ranks"),
        ("Between Ulrich and Luca, or Ada, who is younger?", "ranks"),
        ("Are both films from the same country?", "ranks"),
        ("When did he die?", "follow_up"),
        ("Who opened the bridge", "question"),
    ],
)
def test_flags_are_raised(question, flag):
    assert lexical(question)[flag] == 1.0


@pytest.mark.parametrize(
    ("question", "flag"),
    [
        ("Hi, where was the designer of the bridge born?", "greeting"),
        ("Is it nice there?", "greeting"),
        ("Who are you to the king?", "greeting"),
        ("Which bus goes to the old harbour on Sundays?", "greeting"),
        ("When did the bridge open in 1911?", "sum"),
        ("How many crates of 12 minus 4 did the ferry Grey Gull carry?", "sum"),
        ("Who opened the bridge?", "comparison"),
        ("Who was the first to cross the bridge?", "ranks"),
        ("Do I need more than one ticket, or is one enough?", "ranks"),
        ("Who lived longer, Amos Tuck or Hans Moser?", "ranks"),
        ("Which is larger, Garajonay or Guadarrama?", "ranks"),
    ],
)
def test_flags_are_not_raised_for_nothing(question, flag):
    assert lexical(question)[flag] == 0.0


def test_counts():
    features = lexical("Who was the wife of Ada Brook's brother in 1911?")
    assert features["names"] == 2
    assert features["numbers"] == 1
    assert features["bridges"] >= 1
    assert features["asks_who"] == 1


def test_an_empty_question_has_features_too():
    assert lexical("")["words"] == 0


def test_retrieval_features_say_what_stands_out_and_what_matches():
    features = retrieval(
        "Who opened the bridge?", [passage("Ada opened the bridge.", 3.0), passage("Rain.", 1.0, "e")]
    )
    assert features == {
        "passages": 2,
        "documents": 2,
        "top_share": 0.75,
        "top_margin": pytest.approx(2 / 3),
        "matched": 1.0,
        "matched_all": 1.0,
        "titled": 0.0,
        "enough": 1.0,
    }
    assert retrieval("Who?", [])["passages"] == 0


@pytest.mark.parametrize(
    ("question", "title", "titled"),
    [
        ("Who keeps the Ondry Lighthouse?", "Ondry lighthouse", 1.0),
        ("燈塔的守塔人叫什麼名字？", "燈塔", 1.0),
        ("Who keeps the lighthouse?", "Ondry lighthouse", 0.0),
        ("Who keeps the lighthouse?", "", 0.0),
    ],
)
def test_a_question_may_name_a_passages_title(question, title, titled):
    assert retrieval(question, [passage("x", 1.0) | {"title": title}])["titled"] == titled


def test_response_features_are_those_of_the_span():
    assert response([0.2, 0.8], [-1.0, -0.5], [0.5, 0.1]) == {
        "first_margin": 0.2,
        "mean_margin": 0.5,
        "min_margin": 0.2,
        "mean_logprob": -0.75,
        "mean_entropy": 0.3,
    }
    assert response([], [], []) == {}
