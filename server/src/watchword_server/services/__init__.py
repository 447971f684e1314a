"""The use cases.  Services know the ports and the ledger, never a database, a vendor or one
another: they meet in the store.
"""
