"""Why a certificate proves nothing: one class a reason, each with its name."""

from __future__ import annotations

from raseed.kernel.errors import InputError, mark


class CertificateRefused(InputError):
    """A certificate that does not prove what it is shown for."""

    code = "certificate_refused"
    sentence = mark("This certificate does not prove the balance.")
    hint = mark(
        "Ask for a new certificate. If that is refused too, do not rely on the balance, and tell the institution."
    )


class NotACertificate(CertificateRefused):
    """It is not written as a certificate."""

    code = "not_a_certificate"
    sentence = mark("This is not a certificate: %(reason)s.")


class UnknownKey(CertificateRefused):
    """None of the trusted keys signed its root."""

    code = "unknown_key"
    sentence = mark("The certificate's root is not signed by a key that is trusted here.")


class ForgedCheckpoint(CertificateRefused):
    """A signature under its root says to be a trusted key's and is not."""

    code = "forged_checkpoint"
    sentence = mark("The signature under the certificate's root is forged.")


class WrongTree(CertificateRefused):
    """Its root has another name than the key that signed it, or another currency than the certificate."""

    code = "wrong_tree"
    sentence = mark("The certificate's root is that of another tree.")


class PathLength(CertificateRefused):
    """Its paths are not as long as the tree is high, or its places not in the tree."""

    code = "path_length"
    sentence = mark("The certificate's paths do not fit the size of the tree.")


class SumOverflows(CertificateRefused):
    """Sums on its paths are larger than any sum can be."""

    code = "sum_overflow"
    sentence = mark("The sums on the certificate's paths are too large to be true.")


class PathElsewhere(CertificateRefused):
    """What it says of the account does not lead to the signed root: an amount, the account or the path was changed."""

    code = "path_does_not_lead_to_root"
    sentence = mark("What the certificate says of the account does not lead to the signed root.")


class SharesDisagree(CertificateRefused):
    """Its two shares are the same place, or do not come to its amount."""

    code = "shares_disagree"
    sentence = mark("The two shares of the certificate do not come to its amount.")


class TooOld(CertificateRefused):
    """It is older than a certificate may be."""

    code = "too_old"
    sentence = mark("The certificate is too old: it proves the balance as of %(as_of)s.")


class OlderThanSeen(CertificateRefused):
    """A newer root of this tree was accepted before: an old one is being shown again."""

    code = "older_than_seen"
    sentence = mark("A newer root of this tree was seen before: the certificate is an old one.")


class OtherAccount(CertificateRefused):
    """It is the certificate of another account."""

    code = "other_account"
    sentence = mark("The certificate is that of another account.")


class OtherAmount(CertificateRefused):
    """It proves another amount than the one shown."""

    code = "other_amount"
    sentence = mark("The certificate proves another amount than the one shown.")
