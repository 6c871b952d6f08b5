"""The prover: folds the ledger's transfers into sum trees of its own, and signs their roots several times a second.

Owns the tables ``display_tree`` and ``display_round``, the keys ``RASEED_HOME/keys/display-…`` and the files in
``RASEED_HOME/display``, which are derived: lost ones are worked out again from the ledger. Small and rarely changed on
purpose: it never reads the projection that screens are fed from, so that no release of that can make a wrong number proven.
"""
