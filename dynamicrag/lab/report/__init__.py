"""The report on finished queries: figures first, then a page of them."""
