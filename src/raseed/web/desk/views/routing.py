"""Which team answers which line: for who may say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import parse_id
from raseed.web.desk.talking import teams_of
from raseed.web.desk.words import channel_words
from raseed.web.office.forms import ENTERED_MAX, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

ROUTE: Final = "care.lines.route"
REASON_MAX: Final = 500


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(ROUTE)
def lines(request: StaffRequest) -> HttpResponseBase:
    """Show which team answers each line, and give one line to another team, with a reason."""
    request.rights.require(ROUTE)
    here = request.institution.id
    entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in ("line", "team", "reason")}
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            _route(request, entered)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:desk-lines')}?done=1", status=303)
    teams, routes = teams_of(request, here), care.routes(here)
    names, language = dict(teams), request.reader.language
    found = [each for each in channels.lines(here) if each.active]
    shown = [
        (
            str(each.id),
            name_in(each.names, language) or each.address,
            channel_words(each.channel.value),
            names.get(str(routes.get(each.id)), gettext("The institution's first team")),
        )
        for each in found
    ]
    return render(
        request,
        "desk/lines.html",
        status=status_of(error),
        tab="inbox",
        lines=shown,
        teams=teams,
        entered=entered,
        reason=entered["reason"],
        done=request.GET.get("done") == "1" and error is None,
        errors=said(request, error, ("line", "team", "reason")),
    )


def _route(request: StaffRequest, entered: dict[str, str]) -> None:
    line = channels.line(parse_id(entered["line"], field="line"))
    if line.institution_id != request.institution.id:
        raise channels.LineUnknown(field="line")
    team_id = parse_id(entered["team"], field="team")
    care.route_line(line.id, team_id=team_id, by=request.author, reason=entered["reason"][: REASON_MAX + 1])
