"""The front door of ``people``: customers, institutions, names, phone numbers and signing in."""

from __future__ import annotations

from .bulk import register_customers_bulk
from .codes import CodeExpired, TooManyTries, WrongCode
from .domain import (
    LANGUAGES,
    Customer,
    Institution,
    InvalidInstitution,
    InvalidPhone,
    NewCustomer,
    PhoneTaken,
    UnknownCustomer,
    UnknownInstitution,
    UnknownLanguage,
    display_name,
    masked_name,
    normal_phone,
    phone_text,
)
from .queries import (
    customer,
    customer_by_phone,
    customers,
    customers_of,
    institution,
    institution_by_slug,
    institutions,
    institutions_of,
    search_customers,
)
from .services import join_institution, register_customer, register_institution, set_digits, set_language
from .sign_in import confirm_code, request_code

__all__ = [
    "LANGUAGES",
    "CodeExpired",
    "Customer",
    "Institution",
    "InvalidInstitution",
    "InvalidPhone",
    "NewCustomer",
    "PhoneTaken",
    "TooManyTries",
    "UnknownCustomer",
    "UnknownInstitution",
    "UnknownLanguage",
    "WrongCode",
    "confirm_code",
    "customer",
    "customer_by_phone",
    "customers",
    "customers_of",
    "display_name",
    "institution",
    "institution_by_slug",
    "institutions",
    "institutions_of",
    "join_institution",
    "masked_name",
    "normal_phone",
    "phone_text",
    "register_customer",
    "register_customers_bulk",
    "register_institution",
    "request_code",
    "search_customers",
    "set_digits",
    "set_language",
]
