"""The front door of ``people``: customers, institutions, names, phone numbers and signing in."""

from __future__ import annotations

from .authority import (
    SYSTEM,
    Author,
    NotPermitted,
    Permission,
    clean_reason,
    register_permissions,
    registered_permissions,
    require,
)
from .changes.deciding import confirm_change, propose_change, reject_change, withdraw_change
from .changes.domain import (
    Change,
    ChangeKind,
    ChangeLine,
    ChangeNotOpen,
    ChangeOutdated,
    ChangePage,
    ChangeState,
    ChangeStep,
    NotTheProposer,
    PersonNeeded,
    SecondPersonNeeded,
    UnknownChange,
    UnknownChangeKind,
    change_kind,
    change_kinds,
    register_change_kind,
)
from .changes.reading import change, change_history, change_is_outdated, changes, describe_change
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
from .domain import Limit as VisitLimit
from .keys.access_keys import (
    OF_A_CUSTOMER,
    AccessKey,
    AccessKeyIssued,
    AccessKeyRefused,
    InvalidAccessKey,
    TooManyAccessKeys,
    UnknownAccessKey,
    access_keys,
    author_of_access_key,
    issue_access_key,
    revoke_access_key,
)
from .keys.devices import (
    DeviceKey,
    DeviceKeyTaken,
    DeviceSignatureRefused,
    InvalidDeviceKey,
    TooManyDeviceKeys,
    UnknownDeviceKey,
    device_keys,
    enrol_device_key,
    enrolment_message,
    rename_device_key,
    revoke_device_key,
    verify_device_signature,
)
from .keys.passkeys import (
    Passkey,
    PasskeyCopied,
    PasskeyTaken,
    TooManyPasskeys,
    UnknownPasskey,
    passkey_proof_options,
    passkey_registration_options,
    passkey_sign_in,
    passkey_sign_in_options,
    passkeys,
    prove_by_passkey,
    register_passkey,
    rename_passkey,
    revoke_passkey,
)
from .keys.webauthn import (
    PasskeyRefused,
)
from .persons.bulk import register_customers_bulk
from .persons.civil_id_rules import (
    InvalidCivilId,
    UnknownCivilIdCountry,
    civil_id_countries,
)
from .persons.civil_ids import (
    CivilId,
    CivilIdTaken,
    UnknownCivilId,
    civil_ids,
    full_civil_id,
    register_civil_id,
)
from .persons.consents import (
    Consent,
    ConsentText,
    InvalidConsent,
    UnknownConsentText,
    consent_history,
    consent_texts,
    consents,
    give_consent,
    has_consented,
    publish_consent_text,
    withdraw_consent,
)
from .persons.critical_dates import (
    CriticalDate,
    DateKind,
    InvalidCriticalDate,
    UnknownCriticalDate,
    critical_dates,
    end_critical_date,
    set_critical_date,
)
from .persons.names import (
    MixedScripts,
    StrangeCharacter,
    TooManyMarks,
)
from .persons.phone_change import (
    PhoneChange,
    SamePhone,
    confirm_phone_change,
    request_phone_change,
)
from .persons.phone_proposal import (
    PHONE_CHANGE,
    propose_phone_change,
)
from .persons.renaming import (
    rename_customer,
)
from .persons.vulnerability import (
    DRIVERS,
    NEEDS,
    Driver,
    InvalidVulnerability,
    UnknownVulnerability,
    Vulnerability,
    VulnerabilityEnded,
    end_vulnerability,
    needs_care,
    note_vulnerability,
    review_vulnerability,
    vulnerabilities,
    vulnerability_reviews_due,
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
    phones_of,
)
from .search.finding import (
    CustomersFound,
    search_customers,
)
from .services import join_institution, register_customer, register_institution, set_digits, set_language
from .sign_in.by_code import (
    confirm_code,
    prove_by_code,
    request_code,
    request_proof_code,
    sign_in_by_code,
)
from .sign_in.codes import CODE_DIGITS, CODE_LIFE, CodeExpired, TooManyTries, WrongCode
from .sign_in.proofs import (
    Proof,
    ProofNeeded,
)
from .sign_in.signed_in import (
    SignedIn,
    SignIn,
    sign_ins,
    sign_out_everywhere,
)
from .staff.changes import InvalidStaff, add_staff, reset_staff, state_words, unlock_staff
from .staff.enrolment import (
    Enrolled,
    Enrolment,
    Invitation,
    Invited,
    begin_enrolment,
    finish_enrolment,
    invited,
    issue_invitation,
)
from .staff.errors import (
    InvitationInvalid,
    LoginTaken,
    SignInLocked,
    SignInOver,
    StaffStateRefuses,
    WrongLogin,
    WrongSecondFactor,
)
from .staff.keeping import end_staff, lock_staff
from .staff.own import change_staff_password, end_staff_sessions, give_second_factor, renew_recovery_codes
from .staff.passwords import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, WeakPassword
from .staff.queries import (
    InvalidLogin,
    Staff,
    StaffNotActive,
    StaffPage,
    StaffState,
    UnknownStaff,
    author_of_staff,
    roles_held,
    staff,
    staff_by_id,
    staff_by_login,
    staff_of,
    staff_states,
    staff_with_role,
)
from .staff.role_changes import InvalidRole, RoleHeld, RoleTaken, UnknownPermission
from .staff.roles import Role, UnknownRole, role, role_by_slug, roles
from .staff.second_factor import recovery_codes_left
from .staff.sign_in import StaffChallenge, finish_staff_sign_in, start_staff_sign_in
from .trail import trail_of_customer, trail_of_institution
from .visits import count_visit, forget_visit

# A room with a door of its own, in few lines: the whole has to fit a mind.
# isort: off
from .identities.api import (
    CannotMerge, Identity, Link, LinkHow, Merge, MergePage, NotLinked, NotMerged, ProofState, TooManyLinks,
    UnknownIdentity, customers_as_one, finish_proof, hold_identity, identities, identities_of, identity,
    identity_for, identity_ids_of, link_identity, merge, merge_customers, merges, merges_of, possible_customers,
    proof_for, resolve_customer, resolve_customers, start_proof, try_proof, unlink_identity, unmerge_customers,
)  # fmt: skip
# isort: on

__all__ = [
    "CODE_DIGITS", "CODE_LIFE", "DRIVERS", "LANGUAGES", "NEEDS", "OF_A_CUSTOMER", "PASSWORD_LENGTH_MAX",
    "PASSWORD_LENGTH_MIN", "PHONE_CHANGE", "SYSTEM", "AccessKey", "AccessKeyIssued", "AccessKeyRefused", "Author",
    "Change", "ChangeKind", "ChangeLine", "ChangeNotOpen", "ChangeOutdated", "ChangePage", "ChangeState",
    "ChangeStep", "CivilId", "CivilIdTaken", "CodeExpired", "Consent", "ConsentText", "CriticalDate", "Customer",
    "CustomersFound", "DateKind", "DeviceKey", "DeviceKeyTaken", "DeviceSignatureRefused", "Driver", "Enrolled",
    "Enrolment", "Institution", "InvalidAccessKey", "InvalidCivilId", "InvalidConsent", "InvalidCriticalDate",
    "InvalidDeviceKey", "InvalidInstitution", "InvalidLogin", "InvalidPhone", "InvalidRole", "InvalidStaff",
    "InvalidVulnerability", "Invitation", "InvitationInvalid", "Invited", "LoginTaken", "MixedScripts",
    "NewCustomer", "NotPermitted", "NotTheProposer", "Passkey", "PasskeyCopied", "PasskeyRefused", "PasskeyTaken",
    "Permission", "PersonNeeded", "PhoneChange", "PhoneTaken", "Proof", "ProofNeeded", "Role", "RoleHeld",
    "RoleTaken", "SamePhone", "SecondPersonNeeded", "SignIn", "SignInLocked", "SignInOver", "SignedIn", "Staff",
    "StaffChallenge", "StaffNotActive", "StaffPage", "StaffState", "StaffStateRefuses", "StrangeCharacter",
    "TooManyAccessKeys", "TooManyDeviceKeys", "TooManyMarks", "TooManyPasskeys", "TooManyTries", "UnknownAccessKey",
    "UnknownChange", "UnknownChangeKind", "UnknownCivilId", "UnknownCivilIdCountry", "UnknownConsentText",
    "UnknownCriticalDate", "UnknownCustomer", "UnknownDeviceKey", "UnknownInstitution", "UnknownLanguage",
    "UnknownPasskey", "UnknownPermission", "UnknownRole", "UnknownStaff", "UnknownVulnerability", "VisitLimit",
    "Vulnerability", "VulnerabilityEnded", "WeakPassword", "WrongCode", "WrongLogin", "WrongSecondFactor",
    "access_keys", "add_staff", "author_of_access_key", "author_of_staff", "begin_enrolment", "change",
    "change_history", "change_is_outdated", "change_kind", "change_kinds", "change_staff_password", "changes",
    "civil_id_countries", "civil_ids", "clean_reason", "confirm_change", "confirm_code", "confirm_phone_change",
    "consent_history", "consent_texts", "consents", "count_visit", "critical_dates", "customer",
    "customer_by_phone", "customers", "customers_of", "describe_change", "device_keys", "display_name",
    "end_critical_date", "end_staff", "end_staff_sessions", "end_vulnerability", "enrol_device_key",
    "enrolment_message", "finish_enrolment", "finish_staff_sign_in", "forget_visit", "full_civil_id",
    "give_consent", "give_second_factor", "has_consented", "institution", "institution_by_slug", "institutions",
    "institutions_of", "invited", "issue_access_key", "issue_invitation", "join_institution", "lock_staff",
    "masked_name", "needs_care", "normal_phone", "note_vulnerability", "passkey_proof_options",
    "passkey_registration_options", "passkey_sign_in", "passkey_sign_in_options", "passkeys", "phone_text",
    "phones_of", "propose_change", "propose_phone_change", "prove_by_code", "prove_by_passkey",
    "publish_consent_text", "recovery_codes_left", "register_change_kind", "register_civil_id", "register_customer",
    "register_customers_bulk", "register_institution", "register_passkey", "register_permissions",
    "registered_permissions", "reject_change", "rename_customer", "rename_device_key", "rename_passkey",
    "renew_recovery_codes", "request_code", "request_phone_change", "request_proof_code", "require", "reset_staff",
    "review_vulnerability", "revoke_access_key", "revoke_device_key", "revoke_passkey", "role", "role_by_slug",
    "roles", "roles_held", "search_customers", "set_critical_date", "set_digits", "set_language", "sign_in_by_code",
    "sign_ins", "sign_out_everywhere", "staff", "staff_by_id", "staff_by_login", "staff_of", "staff_states", "staff_with_role",
    "start_staff_sign_in", "state_words", "trail_of_customer", "trail_of_institution", "unlock_staff",
    "verify_device_signature", "vulnerabilities", "vulnerability_reviews_due", "withdraw_change",
    "withdraw_consent",
]  # fmt: skip

__all__ += [
    "CannotMerge", "Identity", "Link", "LinkHow", "Merge", "MergePage", "NotLinked", "NotMerged", "ProofState",
    "TooManyLinks", "UnknownIdentity", "customers_as_one", "finish_proof", "hold_identity", "identities",
    "identities_of", "identity", "identity_for", "identity_ids_of", "link_identity", "merge", "merge_customers",
    "merges", "merges_of", "possible_customers", "proof_for", "resolve_customer", "resolve_customers", "start_proof",
    "try_proof", "unlink_identity", "unmerge_customers",
]  # fmt: skip
