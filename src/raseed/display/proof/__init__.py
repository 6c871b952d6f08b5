"""What proves a balance: the format of leaves, nodes, signed roots and certificates, and how a certificate is checked.

Pure: no database, no settings, no clock of its own. Promises that what ``verify.check`` lets through leads from one account's
balance to a root signed by a trusted key. docs/formats/certificate.md says the same to a stranger.
"""
