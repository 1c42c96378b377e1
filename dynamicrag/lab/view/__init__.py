"""Pages as data, and who shows them: the terminal and an HTML file."""
