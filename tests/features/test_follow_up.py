# ruff: noqa: E501, SIM905 - rows of turns read best as rows
"""Whether a turn stands alone is told from its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamicrag.features.follow_up import Leaning, leaning, names_a_topic

ALONE = (
    "When was the Hallorin Bridge opened?|What does a single ticket for the ferry cost?|Who wrote Faust?|How deep is the Limpet Pool?"
    "|How many steps must a visitor climb in the lighthouse at Cape Ondry?|When does the last bus of Line 1 leave Port Ondrel?"
    "|Can I take my dog on the ferry?|Who opened the Hallorin Bridge in 1911?|Where can I throw away broken glass?"
    "|What happens if I forget to bring my books back in time?|Tell me about the Hallorin Bridge|In which year was the lighthouse built?"
    "|Wann fährt die letzte Fähre nach Port Ondrel?|Darf mein Hund mit aufs Schiff?|长桥是什么颜色？|图书馆几点开门？"
    "|¿Quién construyó el puente de Hallorin?|Qui a construit le pont de Hallorin ?|Does the library lend novels in August?"
).split("|")
LEANS = (
    "yes|and the second one?|ok, and by whom?|option b|could you explain|When does it leave?|Which river does it cross?|why?|how deep?"
    "|on Sundays?|What about children?|How much for children?|Does she live there?|the blue one|What is the price?|ticket prices|How old is he?"
    "|Why not?|tell me more|Which one is cheaper?|who designed that?|whose idea was that|more details please|1911?|the latter|And in winter?"
    "|Und für Kinder?|Wann fährt sie?|Et le dimanche ?|¿Y los domingos?|E a domenica?|Кто ее построил?|а зимой?|它是谁建造的？|那星期天呢？|多少钱？"
    "|それはいつ開きますか？|?|..."
).split("|")


@pytest.mark.parametrize("turn", ALONE)
def test_a_plain_whole_question_stands_alone(turn):
    assert leaning(turn) is Leaning.ALONE


@pytest.mark.parametrize("turn", LEANS)
def test_what_points_back_or_names_nothing_does_not(turn):
    assert leaning(turn) is Leaning.SURELY


@pytest.mark.parametrize(
    "turn", ["Where is the library?", "Can I bring my dog?", "Is there a ferry in the morning?"]
)
def test_a_short_question_may_go_on_with_another(turn):
    assert leaning(turn) is Leaning.PERHAPS


@given(st.sampled_from(ALONE[:12]), st.sampled_from(["And ", "ok, ", "But "]))
def test_what_goes_on_does_not_stand_alone(turn, opening):
    assert leaning(opening + turn[0].lower() + turn[1:]) is Leaning.SURELY


@given(st.text(max_size=200))
def test_any_text_leans_or_not(text):
    assert leaning(text) in Leaning


@pytest.mark.parametrize(
    ("turn", "names"), [("why?", False), ("could you explain", False), ("Wi-Fi?", True), ("渡轮", True)]
)
def test_a_topic_is_told_from_mere_questions(turn, names):
    assert names_a_topic(turn) == names
