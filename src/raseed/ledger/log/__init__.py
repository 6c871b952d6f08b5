"""The sealed log: every committed batch a leaf of a Merkle tree, its roots signed and kept outside the database too.

Owns the tables ``ledger_log``, ``ledger_leaf`` and ``ledger_checkpoint``, the keys ``RASEED_HOME/keys/ledger-log-…`` and
the files in ``RASEED_HOME/checkpoints``. Promises that what was sealed can't be changed, taken out or put in unseen by
anyone who does not hold the key; ``raseed.ledger.verify`` is the eye. Formats: docs/formats/ledger-log.md.
"""
