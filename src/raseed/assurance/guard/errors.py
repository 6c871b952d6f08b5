"""What the guard refuses."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, TemporarilyUnavailable, mark


class InvalidTerms(InputError):
    """A setting of a system is out of its bounds."""

    code = "guard_invalid_terms"
    sentence = mark("This setting is not possible.")
    hint = mark("Give a whole number from %(least)s to %(most)s; of test accounts two different ones, or none.")


class InvalidSample(InputError):
    """A share that is none."""

    code = "guard_invalid_sample"
    sentence = mark("This is not a share of the accounts.")
    hint = mark("Give a number of thousandths from 1 to 1000.")


class SystemUnknown(NotFound):
    """No system has this name."""

    code = "guard_system_unknown"
    sentence = mark("We guard no system of this name.")
    hint = mark("Register the system first.")


class SystemTaken(Conflict):
    """A system of this name is there, and it is another one."""

    code = "guard_system_taken"
    sentence = mark("Another system has this name already.")
    hint = mark("Choose another name.")


class ReleaseUnknown(NotFound):
    """No release has this id, or it is another institution's."""

    code = "guard_release_unknown"
    sentence = mark("We know no such release.")
    hint = mark("Look at the list of releases.")


class ReleaseIdTaken(Conflict):
    """The id has a release with other content."""

    code = "guard_release_id_taken"
    sentence = mark("This identifier belongs to another release.")
    hint = mark("Make a new identifier for a new release.")


class ReleaseOpen(Conflict):
    """What a system shows has one release on its way at a time; our own shown balances are one, under whatever names."""

    code = "guard_release_open"
    sentence = mark("Another release of what is shown here is on its way.")
    hint = mark("Finish, refuse or abandon that one first.")


class CandidateUnfit(InputError):
    """What is to go live is not there, or is live already."""

    code = "guard_candidate_unfit"
    sentence = mark("This candidate can't be released.")
    hint = mark("Name a candidate that is there, is built, and is not live.")


class IllegalMove(Conflict):
    """A release does not go from where it is to there."""

    code = "guard_illegal_move"
    sentence = mark("The release can't take this step from where it is.")
    hint = mark("Look at its timeline: it says which step is next.")


class ShadowNotGreen(Conflict):
    """Without a green shadow nothing goes live, unless two people say so."""

    code = "guard_shadow_not_green"
    sentence = mark("This release has no green shadow, so it does not go live.")
    hint = mark("Mend what differs and run the shadow again, or let two people force it, with a reason.")


class ReleaseBusy(TemporarilyUnavailable):
    """Another process is at work on this release."""

    code = "guard_release_busy"
    sentence = mark("This release is being worked on just now.")
    hint = mark("Follow its progress; it goes on by itself.")


class TrialFailed(Conflict):
    """The trial payment before going live was not shown rightly."""

    code = "guard_trial_failed"
    sentence = mark("The trial payment between the test accounts was not shown rightly.")
    hint = mark("Look at the trials of this release before it goes live.")


class MappingRefused(InputError):
    """A mapping file says something that can't be; ``place`` says where."""

    code = "guard_mapping_refused"
    sentence = mark("The mapping file can't be used: %(place)s.")
    hint = mark("docs/formats/guard-mapping.md says what belongs there.")


class SystemSilent(TemporarilyUnavailable):
    """A system of others did not do what it was asked; ``reason`` is a code."""

    code = "guard_system_silent"
    sentence = mark("The system did not do what it was asked (%(reason)s).")
    hint = mark("Nothing is lost: the step is taken again under the same name.")


class ByHand(Conflict):
    """A step that people take at a system of others, and then confirm."""

    code = "guard_by_hand"
    sentence = mark("This step is taken by hand: %(what)s")
    hint = mark("When it is done, confirm it with --done.")


class BaselineBroken(Conflict):
    """The file of the baseline is not the one that was signed."""

    code = "guard_baseline_broken"
    sentence = mark("The baseline is not the one that was signed.")
    hint = mark("Take it again before going on.")


class NobodyCompared(Conflict):
    """There was no account to write down or to compare, so nothing can be said of any."""

    code = "guard_nobody_compared"
    sentence = mark("There was no account to compare.")
    hint = mark("Look whether the system has accounts, or take a larger share of them.")
