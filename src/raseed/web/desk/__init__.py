"""The desk: where staff answer customers. One inbox, a conversation with what is known of the customer beside it, cases.

Its pages are of the back office: its sign-in, its permissions, its frame. They work as plain HTML; the script adds keys, facts
by one key, and fetches what has changed.
"""
