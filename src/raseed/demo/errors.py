"""Why the demo world is not planted."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, PermissionRefused, mark


class NotEmbedded(PermissionRefused):
    """The database is a server of somebody's, where invented people have no business (decision 26)."""

    code = "demo_not_embedded"
    sentence = mark("The demo world is planted only into the embedded database, never where DATABASE_URL points.")
    hint = mark("Unset DATABASE_URL and start again.")


class NumberOfPeopleRefused(InputError):
    """Fewer people than have names in the demo, or more than there are phone numbers for."""

    code = "demo_number_of_people"
    sentence = mark("The demo world takes %(least)s to %(most)s people.")
    hint = mark("Choose a number between them.")


class OtherWorld(Conflict):
    """A world is there already that the one asked for is not a continuation of."""

    code = "demo_other_world"
    sentence = mark("Another demo world is here already: %(people)s people from the seed %(seed)s.")
    hint = mark("Plant the same seed with as many people or more, or begin with an empty RASEED_HOME.")
