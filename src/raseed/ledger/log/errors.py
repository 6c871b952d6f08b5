"""Why the log refuses to seal, or a key or checkpoint can't be used."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, mark


class LogKeyMissing(NotFound):
    """This installation does not hold the key of the log that the database has."""

    code = "log_key_missing"
    sentence = mark("The key of the log %(origin)s is not in %(folder)s.")
    hint = mark("Bring the file back from where keys are kept; a new key can't take the place of a lost one unseen.")


class LogForked(Conflict):
    """The database's log is not a continuation of what was signed before: sealing it would hide that."""

    code = "log_forked"
    sentence = mark("The log in the database does not continue what was sealed before (%(checkpoint)s).")
    hint = mark("Nothing more is sealed. Run: ./raseed ledger verify.")


class KeyHandOver(Conflict):
    """A key can't be changed while the last change is not finished, nor a change finished that has not begun."""

    code = "log_key_hand_over"
    sentence = mark("The log's key can't be changed now: %(keys)s keys sign at present.")
    hint = mark("One key: rotate-key begins. Two keys: rotate-key --finish ends, after the new one was handed out.")


class UnreadableKey(InputError):
    """What was given as a public key, or as a checkpoint, is not one."""

    code = "log_key_unreadable"
    sentence = mark("%(path)s is not a key or checkpoint of a log: %(reason)s.")
    hint = mark("Give the file that was kept when the log began, or a later one.")
