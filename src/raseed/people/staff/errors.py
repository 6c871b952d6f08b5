"""What can stand in the way of signing in as staff, and of changing how staff stand."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, mark
from raseed.platform.domain import TooManyRequests


class WrongLogin(InputError):
    """Nobody has this login, or it is not their password: it isn't said which."""

    code = "wrong_login"
    sentence = mark("This login and password don't belong together.")
    hint = mark("Check both. If you can't remember, ask an administrator for a new invitation.")


class WrongSecondFactor(InputError):
    """Not a code of this moment, or one that was used already."""

    code = "wrong_second_factor"
    sentence = mark("This code is wrong, too old or already used.")
    hint = mark("Enter the next code that your app shows, or one of your recovery codes.")


class SignInLocked(TooManyRequests):
    """Too many wrong tries were made for this login; it is locked for ``minutes``."""

    code = "sign_in_locked"
    sentence = mark("Too many wrong tries were made for this login.")
    hint = mark("Wait %(minutes)s min, then sign in again.")


class SignInOver(InputError):
    """The step between password and second factor took too long, was completed, or was voided."""

    code = "sign_in_over"
    sentence = mark("This sign-in took too long or was already completed.")
    hint = mark("Begin again with your login and password.")


class InvitationInvalid(InputError):
    """An invitation that is too old, was used, or was replaced by a newer one."""

    code = "invitation_invalid"
    sentence = mark("This invitation is no longer valid.")
    hint = mark("Ask an administrator for a new one. If you did not use it yourself, tell them so.")


class LoginTaken(Conflict):
    """The login belongs to another member of staff, perhaps one who has left."""

    code = "login_taken"
    sentence = mark("This login already belongs to someone.")
    hint = mark("Choose another login.")


class StaffStateRefuses(Conflict):
    """How the member of staff stands now does not allow this; ``state`` says how."""

    code = "staff_state_refuses"
    sentence = mark("This can't be done as this member of staff stands now.")
    hint = mark("Look at their state: only someone invited takes an invitation, and who left stays away.")
