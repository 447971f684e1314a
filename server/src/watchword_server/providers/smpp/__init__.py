"""SMS over SMPP 3.4: to any carrier's or aggregator's SMSC, by a codec and a session of our own.

Sections cited in this package are those of "Short Message Peer to Peer Protocol Specification
v3.4", issue 1.2 (SMPP Developers Forum, 1999): https://smpp.org/SMPP_v3_4_Issue1_2.pdf

`pdu` and `text` are the codec, `link` the state of one connection, all three without I/O;
`session` keeps a connection open, `receipts` reads what comes over it, and `provider` is the
adapter.
"""
