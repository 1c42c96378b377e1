"""Questions made from a corpus, for users who have none yet.

A model writes them and a round trip decides which are kept (Alberti et al., "Synthetic QA Corpora Generation
with Roundtrip Consistency", ACL 2019): retrieval must find the passage by the question, and the model must
give the answer with the passage and not without it.
"""
