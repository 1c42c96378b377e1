"""Questions made from a corpus, where there are none yet.

A model writes them, and a round trip decides which are kept (Alberti et al., "Synthetic QA Corpora
Generation with Roundtrip Consistency", ACL 2019): the passage must be found by the question, the answer
must follow from the passage, and must not come without it.
"""
