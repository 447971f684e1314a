"""The outside world: what the services need and somebody else provides.

`outside.py` is the world beyond the database, `records.py` what the database keeps besides the
records of the domain, `store.py` the database itself.
"""
