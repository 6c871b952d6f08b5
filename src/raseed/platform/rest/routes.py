"""Routes of a package: each states its permission, who may ask, what it takes and what it can answer.

The gate before each route finds the caller, counts the request against the key's rate, looks at the permission, the query's
names and the body. A handler then only translates; rules and permissions are checked again in the services.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.conf import settings
from django.http import HttpRequest
from ninja import Router

from raseed.kernel.clock import SYSTEM_CLOCK

from ..rail.bodies import BODY_BYTES_MAX
from ..rail.errors import KeyRefused, WrongShape, detail
from . import rates
from .bodies import check_head, read_json, refuse_nul
from .callers import ApiRequest, Authenticate, Caller, KeyNotEnough, NotForCustomers, NotForInstitutions
from .errors import language_of

if TYPE_CHECKING:
    from ninja.operation import Operation

BEARER: Final = "bearer "
KEY_LENGTH_MAX: Final = 512
QUERY_LENGTH_MAX: Final = 2000
_H = TypeVar("_H", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one route.

    Attributes:
        permission: what an institution's key must carry; ``None``: it is not for institutions' keys.
        own: what a customer's key must carry, for its holder's own things; ``None``: it is not for customers' keys.
        any_of: tells permissions of which an institution's key must carry one; the service asks for the right one.
        anyone: any key will do.
        refuses: statuses that its service may answer, beside those that every route may.
        takes: content types of a body that is no JSON, read as it comes.
        gives: content types of an answer that is no JSON.
        cost: how many plain requests it is worth.
        bytes_max: the most bytes of its body.
        example: a body to try.
        links: other operations that its answer's id leads to, for the description: name → (operation, parameter).
    """

    permission: str | None = None
    own: str | None = None
    any_of: Callable[[], Iterable[str]] | None = None
    anyone: bool = False
    refuses: tuple[int, ...] = ()
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    cost: int = 1
    bytes_max: int = BODY_BYTES_MAX
    example: Any = None
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class Gate:
    """What stands before one route; ninja calls it before it reads any value of the request."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.operation: Operation | None = None
        self.authenticate: Authenticate | None = None

    def __call__(self, request: ApiRequest) -> bool:
        """Let the request through, or raise the refusal."""
        assert self.operation is not None, "the application binds its gates"
        assert self.authenticate is not None, "the application binds its gates"
        request.language = language_of(request)
        rules = self.rules
        request.caller = caller = self.authenticate(bearer_key(request))
        rates.take(caller.key_id, cost=rules.cost, per_second=settings.API_REQUESTS_PER_SECOND, now=SYSTEM_CLOCK.now())
        check_permission(caller, rules)
        self._check_query(request)
        if rules.takes:
            check_head(request, rules.takes, rules.bytes_max)
        elif self.takes_json:
            request.json = read_json(request, rules.bytes_max)
            request._body = b"read"  # noqa: SLF001  (ninja asks whether there is a body; Django keeps it here)
        return True

    def _check_query(self, request: ApiRequest) -> None:
        query = request.META.get("QUERY_STRING", "")
        if not query:
            return
        if len(query) > QUERY_LENGTH_MAX:
            raise WrongShape(detail=f"the query is longer than {QUERY_LENGTH_MAX} bytes")
        for name, values in request.GET.lists():
            if name not in self.query_names:
                known = ", ".join(sorted(self.query_names)) or "none"
                raise WrongShape(field=detail(name), detail=f"the parameters are: {known}")
            if len(values) > 1 and name not in self.list_names:
                raise WrongShape(field=name, detail="it is there twice")
            for value in values:
                refuse_nul(value, name)

    @cached_property
    def query_names(self) -> frozenset[str]:
        """The names that the route's query may have."""
        return frozenset(name for model in self._models("query") for name in model.__ninja_flatten_map__)

    @cached_property
    def list_names(self) -> frozenset[str]:
        """Those of them that may come several times."""
        return frozenset(
            name for model in self._models("query") for name in getattr(model, "__ninja_collection_fields__", ())
        )

    @cached_property
    def takes_json(self) -> bool:
        """Whether the route has a body in JSON."""
        return bool(self._models("body"))

    def _models(self, source: str) -> list[Any]:
        assert self.operation is not None
        return [model for model in self.operation.models if model.__ninja_param_source__ == source]


def bearer_key(request: HttpRequest) -> str:
    """Return the key of the header ``Authorization``.

    Raises:
        KeyRefused: there is none, or none that could be one.
    """
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if header[: len(BEARER)].lower() != BEARER or len(header) > KEY_LENGTH_MAX or not header.isascii():
        raise KeyRefused
    return str(header[len(BEARER) :].strip())


def check_permission(caller: Caller, rules: Rules) -> None:
    """Refuse a key that does not carry what a route asks for.

    Raises:
        NotForCustomers, NotForInstitutions: the route is not for this sort of key.
        KeyNotEnough: a permission is missing.
    """
    if rules.anyone:
        return
    if caller.customer_id is not None:
        if rules.own is None:
            raise NotForCustomers
        caller.require(rules.own)
        return
    if rules.any_of is not None:
        wanted = sorted(rules.any_of())
        if not any(caller.may(permission) for permission in wanted):
            raise KeyNotEnough(permission=" / ".join(wanted))
        return
    if rules.permission is None:
        raise NotForInstitutions
    caller.require(rules.permission)


class Resource:
    """The routes of one kind of thing, offered by the package that owns it."""

    def __init__(self, name: str, words: str) -> None:
        self.name = name
        self.words = words
        self.router = Router(tags=[name])
        self.gates: list[Gate] = []

    def get(self, path: str, **rules: Any) -> Callable[[_H], _H]:
        """Add a route that reads; see ``add``."""
        return self.add("GET", path, **rules)

    def put(self, path: str, **rules: Any) -> Callable[[_H], _H]:
        """Add a route that makes a thing under the id in its address, or finds it made; see ``add``."""
        return self.add("PUT", path, **rules)

    def post(self, path: str, **rules: Any) -> Callable[[_H], _H]:
        """Add a route that does something; see ``add``."""
        return self.add("POST", path, **rules)

    def patch(self, path: str, **rules: Any) -> Callable[[_H], _H]:
        """Add a route that changes some fields; see ``add``."""
        return self.add("PATCH", path, **rules)

    def delete(self, path: str, **rules: Any) -> Callable[[_H], _H]:
        """Add a route that ends a thing; see ``add``."""
        return self.add("DELETE", path, **rules)

    def add(
        self, method: str, path: str, *, answer: Any, status: int = 200, refuses: Sequence[int] = (), **rules: Any
    ) -> Callable[[_H], _H]:
        """Add a route: its handler's name is the operation's id, the docstring's first line its summary.

        ``answer`` is the type of the answer (``None``: an empty one); the rest is ``Rules``.
        """
        gate = Gate(Rules(refuses=tuple(refuses), **rules))

        def register(handler: _H) -> _H:
            summary, _, text = (handler.__doc__ or "").strip().partition("\n")
            operation = self.router.api_operation(
                [method], path, auth=gate, response={status: answer}, operation_id=handler.__name__,
                summary=summary.rstrip("."), description=" ".join(text.split()) or None,
            )  # fmt: skip
            operation(handler)
            self.gates.append(gate)
            return handler

        return register
