"""Every refusal of display, drawn once."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, mark


class BalanceUnknown(NotFound):
    """A balance was asked for of an account that the ledger does not have."""

    code = "balance_unknown"
    sentence = mark("There is no account with this balance.")
    hint = mark("Open the list of your accounts and choose one.")


class NoCertificate(NotFound):
    """No certificate of a balance is there: the account has never moved, or its tree is being built."""

    code = "no_certificate"
    sentence = mark("There is no certificate of this balance at the moment.")
    hint = mark("Try again in a moment. The balance itself is kept in the books.")


class GenerationUnknown(NotFound):
    """No generation of shown balances has this number."""

    code = "generation_unknown"
    sentence = mark("There is no generation %(generation)s of shown balances.")
    hint = mark("Choose one of those that the list names.")


class ProjectorUnknown(NotFound):
    """No projector is registered under this name."""

    code = "projector_unknown"
    sentence = mark("No projector is called “%(projector)s”.")
    hint = mark("Choose one that this release brings: %(known)s.")


class NotACandidate(Conflict):
    """Only a generation whose rows are built, and that has not failed, may be shown."""

    code = "generation_not_candidate"
    sentence = mark("Generation %(generation)s is %(state)s: it can't be shown.")
    hint = mark("Wait until it is built, or open another one.")


class GenerationShown(Conflict):
    """A generation that somebody sees can't be retired."""

    code = "generation_shown"
    sentence = mark("Generation %(generation)s is being shown.")
    hint = mark("Cut over to another one, or end its canary, before you retire it.")


class TooManyGenerations(Conflict):
    """So many generations have rows already."""

    code = "too_many_generations"
    sentence = mark("There are %(limit)s generations already.")
    hint = mark("Retire one that is not needed any more.")


class CanaryRunning(Conflict):
    """Another generation has a cohort at present."""

    code = "canary_running"
    sentence = mark("Generation %(generation)s is being tried on a cohort.")
    hint = mark("End that canary first.")


class NothingLive(Conflict):
    """No generation has gone live yet."""

    code = "nothing_live"
    sentence = mark("No generation of shown balances is live yet.")
    hint = mark("Wait until the first one is built.")


class NothingToRollBackTo(Conflict):
    """There is no earlier generation: none was there, or the pointer has been rolled back already."""

    code = "nothing_to_roll_back_to"
    sentence = mark("There is no earlier generation to roll back to.")
    hint = mark("Look at which generation is live now.")


class InvalidCohort(InputError):
    """A percentage or a list of accounts that makes no cohort."""

    code = "invalid_cohort"
    sentence = mark("A cohort is 0 to 100 percent of all accounts and at most %(limit)s named ones, and not empty.")
    hint = mark("Check the percentage and the accounts.")
