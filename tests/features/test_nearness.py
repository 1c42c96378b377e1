import pytest

from dynamicrag.features.nearness import nearness


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"passages": 0.0}, "far"),
        ({"passages": 4.0}, "unclear"),
        ({"similarity": 0.5}, "near"),
        ({"similarity": 0.3, "english": 1.0}, "unclear"),
        ({"similarity": 0.1, "english": 1.0}, "far"),
        ({"similarity": 0.1, "english": 0.0}, "unclear"),
        ({"similarity": 0.1}, "unclear"),
        ({"similarity": 0.1, "english": 1.0, "idf_coverage": 0.6}, "unclear"),
        ({"matched": 0.8}, "near"),
        ({"matched": 0.8, "idf_coverage": 0.4, "similarity": 0.3}, "unclear"),
        ({"matched": 0.5, "idf_coverage": 0.4}, "near"),
        ({"matched": 0.4, "idf_coverage": 0.4}, "unclear"),
        ({"matched": 0.8, "idf_coverage": 0.8, "similarity": 0.1, "english": 1.0}, "near"),
        ({}, "unclear"),
        ({"similarity": 0.1, "english": 1.0, "entity_coverage": 1.0}, "near"),
        ({"similarity": 0.3, "english": 1.0, "entity_coverage": 0.5}, "unclear"),
    ],
)
def test_how_near_the_documents_are(features, expected):
    assert nearness(features) == expected
