"""Addresses of the biller's side, mounted under ``/biller/``; what is not among them is answered in its own frame."""

from __future__ import annotations

from django.urls import path

from .views import bill_list, collected, elsewhere, me, payment, refunding, settlements, sign_in

app_name = "portal"
urlpatterns = [
    path("", collected.live, name="live"),
    path("search", collected.search, name="search"),
    path("sign-in", sign_in.login_page, name="sign-in"),
    path("sign-in/code", sign_in.code_page, name="sign-in-code"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("language", sign_in.language, name="language"),
    path("works-for", sign_in.works_for, name="works-for"),
    path("payments/<uuid:payment_id>", payment.one, name="payment"),
    path("payments/<uuid:payment_id>/proof", payment.proof, name="proof"),
    path("payments/<uuid:payment_id>/refund", refunding.refund, name="refund"),
    path("refunds", refunding.refund_list, name="refunds"),
    path("bills", bill_list.bill_list, name="bills"),
    path("settlements", settlements.settlement_list, name="settlements"),
    path("settlements/<uuid:settlement_id>/<slug:form>", settlements.file, name="settlement-file"),
    path("me", me.me, name="me"),
    path("me/sessions", me.end_sessions, name="me-sessions"),
    path("<path:rest>", elsewhere.not_found),
]
