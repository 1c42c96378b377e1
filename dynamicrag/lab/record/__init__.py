"""Recording: chosen paths over a file of questions, through the production graph, to an outcome table."""
