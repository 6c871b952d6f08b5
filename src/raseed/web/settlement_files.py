"""A settlement's files as an answer: the same for staff and for whoever works for the biller."""

from __future__ import annotations

from django.http import Http404, StreamingHttpResponse

from raseed.bills import api as bills


def settlement_file(settlement: bills.Settlement, biller: bills.Biller, form: str) -> StreamingHttpResponse:
    """Send a settlement as CSV or as camt.054, piece by piece. The caller has checked who asks.

    Raises:
        Http404: there is no such form.
    """
    if form == "csv":
        pieces, kind, ending = bills.settlement_csv(settlement.id), "text/csv; charset=utf-8", "csv"
    elif form == "camt054":
        pieces, kind, ending = bills.settlement_camt054_pieces(settlement.id), "application/xml", "camt054.xml"
    else:
        raise Http404
    response = StreamingHttpResponse(pieces, content_type=kind)
    name = f"settlement-{biller.code}-{settlement.day.isoformat()}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
