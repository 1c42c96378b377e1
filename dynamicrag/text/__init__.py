"""Floor 0: words, terms, sentences and languages of texts."""
