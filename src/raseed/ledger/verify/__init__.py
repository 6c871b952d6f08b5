"""Whether the books are what was posted: everything is recomputed from the transfers, and compared with what is kept.

Owns no table and changes nothing. Shares no code and no SQL with posting, and uses no index: it reads the tables' pages in
one snapshot, while posting goes on, and knows the books only from docs/formats/ledger-log.md and docs/adr/0005-ledger-model.md.
It promises to name the first difference in a whole sentence.
"""
