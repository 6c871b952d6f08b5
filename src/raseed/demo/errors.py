"""Why the demo world is not planted, or its story not played."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, PermissionRefused, TemporarilyUnavailable, mark


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


class HouseNotRunning(TemporarilyUnavailable):
    """Nothing keeps shown balances up, so no release can be played."""

    code = "demo_house_not_running"
    sentence = mark("The house is not running: the story is played on a running one.")
    hint = mark("Start './raseed run' in another terminal, and play again.")


class StoryStuck(TemporarilyUnavailable):
    """Something that the story waits for did not happen in time; ``step`` is a code."""

    code = "demo_story_stuck"
    sentence = mark("The story came to a halt (%(step)s): what it waited for did not happen in time.")
    hint = mark("Look at what './raseed run' says in the other terminal, and play again: it is put right first.")
