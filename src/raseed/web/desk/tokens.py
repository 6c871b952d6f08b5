"""Facts as they travel in the form of an answer: signed, so that the words a customer reads are those that a card showed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core import signing

from raseed.care import api as care

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

SALT: Final = "raseed.desk.fact"
TOKEN_LENGTH_MAX: Final = 4_000
TOKENS_MAX: Final = 20


def token_of(inserted: care.InsertedFact, conversation_id: UUID) -> str:
    """Return a fact as one signed text, good in one conversation only."""
    ref = inserted.ref
    return signing.dumps(
        [str(conversation_id), ref.provider, ref.key, ref.digest, inserted.shown], salt=SALT, compress=True
    )


def fact_of(token: str, conversation_id: UUID) -> care.InsertedFact:
    """Return the fact of a token.

    Raises:
        FactNotYours: it is not one that a card of this conversation gave out.
    """
    try:
        where, provider, key, digest, shown = signing.loads(token[:TOKEN_LENGTH_MAX], salt=SALT)
    except (signing.BadSignature, ValueError):
        raise care.FactNotYours(field="facts") from None
    if where != str(conversation_id):
        raise care.FactNotYours(field="facts")
    return care.InsertedFact(care.FactRef(provider, key, digest), shown)


def facts_of(tokens: Iterable[str], conversation_id: UUID) -> list[care.InsertedFact]:
    """Return the facts of tokens, each once, in their order."""
    return [fact_of(each, conversation_id) for each in dict.fromkeys(tokens)]
