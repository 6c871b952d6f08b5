"""Make-believe channels: WhatsApp's Cloud API, Telegram's Bot API, X, a text gateway and a malware scanner, in one process.

Nothing here knows the institution's code: it is written from the providers' public wire formats, as a stranger would.
"""
