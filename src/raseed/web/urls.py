"""Addresses of the customer's pages."""

from __future__ import annotations

from django.urls import include, path

from .assets import serve
from .views import details, home, opening, orders, security, send, settings, sign_in, statement, take_away

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in", sign_in.phone_page, name="sign-in"),
    path("sign-in/code", sign_in.code_page, name="sign-in-code"),
    path("sign-in/passkey/options", security.passkey_sign_in_options, name="passkey-sign-in-options"),
    path("sign-in/passkey", security.passkey_signed_in, name="passkey-sign-in"),
    path("security", security.security_page, name="security"),
    path("security/prove", security.prove_page, name="prove"),
    path("security/phone", security.phone_page, name="phone"),
    path("security/passkeys/options", security.passkey_options, name="passkey-options"),
    path("security/passkeys", security.passkey_added, name="passkey-add"),
    path("security/passkeys/<uuid:passkey_id>", security.passkey_changed, name="passkey-change"),
    path("security/devices/<uuid:key_id>/remove", security.device_removed, name="device-remove"),
    path("security/sign-out", security.signed_out_everywhere, name="sign-out-everywhere"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("language", settings.language, name="language"),
    path("settings", settings.settings_page, name="settings"),
    path("manifest.webmanifest", settings.manifest, name="manifest"),
    path("statement", statement.first_statement, name="statements"),
    path("accounts/open", opening.open_page, name="open"),
    path("accounts/<uuid:account_id>", statement.statement, name="statement"),
    path("accounts/<uuid:account_id>/details", details.details, name="details"),
    path("accounts/<uuid:account_id>/take-away", take_away.take_away, name="take-away"),
    path("send", send.send_page, name="send"),
    path("send/change", send.send_edit, name="send-edit"),
    path("send/confirm", send.send_confirmed, name="send-confirm"),
    path("orders", orders.orders_page, name="orders"),
    path("orders/<uuid:order_id>", orders.order_page, name="order"),
    path("orders/<uuid:order_id>/confirm", orders.order_confirmed, name="order-confirm"),
    path("orders/<uuid:order_id>/withdraw", orders.order_withdrawn, name="order-withdraw"),
    path("orders/<uuid:order_id>/results", orders.order_results, name="order-results"),
    path("payments/<uuid:payment_id>", send.receipt, name="receipt"),
    path("office/", include("raseed.web.office.urls")),
    path("static/<path:name>", serve),
]
