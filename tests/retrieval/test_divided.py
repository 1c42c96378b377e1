import pytest

from dynamicrag.retrieval.formats.divided import join_divided


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the regu-\nlations hold", "the regulations hold"),
        ("the regu-  \n  lations hold", "the regulations hold"),
        ("the regu\u00ad\nlations hold", "the regulations hold"),
        ("soft\u00adware", "software"),
        ("a well-\nknown fact", "a well-known fact"),
        (
            "harbour-master is here; ask the harbour-\nmaster",
            "harbour-master is here; ask the harbour-master",
        ),
        ("the ferry and the boat: a ferry-\nboat", "the ferry and the boat: a ferry-boat"),
        ("the ferry, the boat, a ferryboat: a ferry-\nboat", "the ferry, the boat, a ferryboat: a ferryboat"),
        ("with care, in to-\nday and with-\nin", "with care, in today and within"),
        ("Anglo-\nSaxon", "Anglo-Saxon"),
        ("Ein-\nund Ausgabe", "Ein- und Ausgabe"),
        ("2010-\n2020", "2010-\n2020"),
        ("- one\n- two", "- one\n- two"),
        ("a -\nb", "a -\nb"),
        ("Schiff-\nfahrtsgesellschaft", "Schifffahrtsgesellschaft"),
        ("naviga-\ntion and regu-\nlations", "navigation and regulations"),
        ("no hyphen\nat all", "no hyphen\nat all"),
    ],
)
def test_divided_words(text, expected):
    assert join_divided(text) == expected
