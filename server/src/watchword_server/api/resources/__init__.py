"""One module per resource: its request and answer types, its handlers, its rows of the table."""
