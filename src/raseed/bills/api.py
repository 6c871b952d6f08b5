"""The front door of ``bills``: the catalogue, bills, quotes, orders and paying them; billers as staff look after them."""

from __future__ import annotations

from . import inspection
from .adapters.protocol import BillerAdapter, FetchedBill, NoAnswer, Validated
from .clerks.domain import Clerk, ClerkHasRole, InvalidClerk, NotAClerk
from .clerks.naming import end_clerk, name_clerk, propose_clerk
from .clerks.reading import clerk_of, clerks_of
from .collections.reading import (
    BillCounts,
    BillPage,
    Collection,
    CollectionPage,
    CollectionSearch,
    DaySum,
    SignedYes,
    bill_counts,
    bills_waiting,
    collection,
    collections,
    day_sum,
    signed_yes,
    today_of,
)
from .domain import (
    BILL_STATE_WORDS,
    BILLS_MAX,
    CATEGORY_WORDS,
    PART_WORDS,
    AdapterKind,
    Bill,
    Biller,
    BillerModel,
    BillerState,
    BillOrder,
    BillState,
    CatalogueSection,
    Category,
    OrderState,
    Part,
    PartKind,
    PartPayments,
    Quote,
    lane_of,
)
from .errors import (
    AmountNeeded,
    BillBeingPaid,
    BillerDiffers,
    BillerNotAnswering,
    BillerSuspended,
    BillerUnknown,
    BillNotPayable,
    BillOrderDiffers,
    BillOrderOutdated,
    BillOrderUnknown,
    BillPaid,
    BillUnknown,
    CreditUsed,
    ExactAmountNeeded,
    FieldCheckDigit,
    FieldMissing,
    FieldNotAsked,
    FieldShape,
    InvalidBiller,
    InvalidFields,
    InvalidLogo,
    InvalidPublicKey,
    LessThanMinimum,
    MoreThanBill,
    NotTheBillersCustomer,
    RefusedByBiller,
    TooManyLookUps,
    WrongBills,
)
from .fields import KIND_WORDS, Field, FieldCheck, FieldKind, reference_of, values_of
from .findings import Finding, FindingPage, findings
from .habits.autopays import (
    asked_references,
    autopay,
    autopay_run_words,
    autopay_runs,
    autopay_state_words,
    autopays,
    change_autopay,
    end_autopay,
    give_autopay,
    left_to_autopays,
    pause_autopay,
    resume_autopay,
)
from .habits.domain import (
    DAYS_BEFORE_MAX,
    NICKNAME_LENGTH_MAX,
    REMINDED_BY_DEFAULT,
    REMINDER_DAYS,
    Autopay,
    AutopayOutcome,
    AutopayRun,
    AutopayState,
    NoticeHours,
    Reference,
    Saved,
)
from .habits.errors import (
    AutopayEnded,
    AutopayIdTaken,
    AutopayNotPossible,
    AutopayThere,
    AutopayUnknown,
    InvalidAutopay,
    InvalidNoticeHours,
    InvalidReminders,
    SavedBillerIdTaken,
    SavedBillerUnknown,
    TooManyAutopays,
    TooManySavedBillers,
)
from .habits.notices import hours_of as notice_hours
from .habits.notices import send_notices, set_notice_hours
from .habits.reminding import remind_of_bills, reminder_days, set_reminder_days
from .habits.running import run_autopays
from .habits.saving import remove_saved_biller, rename_saved_biller, save_biller, saved_biller, saved_billers
from .intake.errors import BillsFileRefused
from .intake.taking import Intake, payments_out_csv, take_in_bills
from .logos import Logo, logo
from .looking_up import KnownBills, LookedUp, fetch_bills, keep_known_bills
from .ordering import alias_of, order, pay, quote
from .queries import (
    bill,
    bill_order,
    bill_orders,
    biller,
    biller_by_code,
    billers,
    billers_at,
    billers_of,
    bills_at,
    bills_of,
    catalogue,
)
from .receipts.checking import DOUBT_WORDS, Doubt, Genuine, NotGenuine, Since, check_receipt, check_receipt_by_hand
from .receipts.errors import NoReceiptYet, ReceiptKeyMissing
from .receipts.issuing import Receipt, receipt, receipt_of
from .receipts.keys import ReceiptKey, receipt_keys, renew_receipt_key
from .receipts.paper import HAND_PATH, SCAN_PATH, receipt_pdf, scan_address
from .receipts.squares import QUIET, path_of, squares_of
from .receipts.wire import Facts, ReceiptKind
from .reconciliation.domain import (
    BREAK_STATE_WORDS,
    BREAK_WORDS,
    BREAKS_MAX,
    BY_PERSONS,
    OUTCOME_WORDS,
    Break,
    BreakFilter,
    BreakKind,
    BreakPage,
    BreakState,
    BreakStep,
    Outcome,
    Reconciliation,
)
from .reconciliation.errors import AssigneeUnfit, BreakEnded, BreakUnknown, TooManyBreaks
from .reconciliation.reconciling import reconcile, reconciliation, reconciliations_of
from .reconciliation.working import (
    assign_break,
    break_history,
    break_of,
    breaks,
    open_breaks,
    reopen_break,
    resolve_break,
)
from .refunds.domain import (
    CollectionAccountBlocked,
    NotRefundable,
    PayerCannotReceive,
    Refund,
    RefundAboveDayLimit,
    RefundAboveLimit,
    RefundAmountNeeded,
    RefundDiffers,
    RefundNeedsSecondPerson,
    RefundNotCovered,
    RefundNotDelegated,
    RefundTooMuch,
)
from .refunds.proposing import propose_refund
from .refunds.reading import refunds_of_biller, refunds_of_day, refunds_of_orders
from .refunds.refunding import alone_limits, refund, refund_with_authority, refundable
from .registering import (
    NewBiller,
    add_biller_key,
    end_biller_key,
    our_public_key,
    register_biller,
    renew_our_key,
    resume_biller,
    set_biller_address,
    set_biller_fields,
    set_logo,
    suspend_biller,
)
from .rows import bills_by_id, orders_by_id
from .settlement.camt054 import settlement_camt054, settlement_camt054_pieces
from .settlement.closing import close_day, close_days
from .settlement.domain import SETTLEMENT_STATE_WORDS, SETTLEMENTS_PER_PAGE, Settlement, SettlementState
from .settlement.errors import DayNotOver, PayoutAccountUnfit, SettlementUnknown
from .settlement.files import settlement_csv
from .settlement.paying_out import pay_out, payout_account, propose_payout_account, set_payout_account
from .settlement.queries import settlement, settlements, settlements_at
from .terms.changes import TERM_LABELS, propose_credit_terms, propose_penalty_rule
from .terms.credit import credit
from .terms.disputes import (
    Dispute,
    DisputePage,
    decide_dispute,
    dispute,
    dispute_by_id,
    dispute_of,
    disputes,
    disputes_at,
    disputes_of,
    withdraw_dispute,
)
from .terms.errors import (
    DisputedBefore,
    DisputeEnded,
    DisputeUnknown,
    InvalidLoweredAmount,
    InvalidWaiver,
    TooManyDisputes,
    WaiverEnded,
    WaiverUnknown,
)
from .terms.outdated import expire_orders
from .terms.parts import late_parts
from .terms.rules import Dated, keeps_credit, penalty_rule, penalty_rules, set_credit_terms, set_penalty_rule
from .terms.sparings import (
    EXTENSION_DAYS_MAX,
    InvalidExtension,
    NothingToWaive,
    Sparing,
    check_extension,
    extend_bill,
    penalty_of_bill,
    sparings_of,
    waive_bill_penalty,
)
from .terms.states import DISPUTE_STATE_WORDS, DisputeState, SparingKind, WaiverState
from .terms.waivers import NewWaiver, Waiver, end_waiver, give_waiver, propose_waiver, waivers, waivers_by_id
from .wrongs import FINDING_WORDS, FindingKind

__all__ = [
    "BILLS_MAX", "BILL_STATE_WORDS", "BREAKS_MAX", "BREAK_STATE_WORDS", "BREAK_WORDS", "BY_PERSONS",
    "CATEGORY_WORDS", "DAYS_BEFORE_MAX", "DISPUTE_STATE_WORDS", "DOUBT_WORDS", "EXTENSION_DAYS_MAX",
    "FINDING_WORDS", "HAND_PATH", "KIND_WORDS", "NICKNAME_LENGTH_MAX", "OUTCOME_WORDS", "PART_WORDS", "QUIET",
    "REMINDED_BY_DEFAULT", "REMINDER_DAYS", "SCAN_PATH", "SETTLEMENTS_PER_PAGE", "SETTLEMENT_STATE_WORDS",
    "TERM_LABELS", "AdapterKind", "AmountNeeded", "AssigneeUnfit", "Autopay", "AutopayEnded", "AutopayIdTaken",
    "AutopayNotPossible", "AutopayOutcome", "AutopayRun", "AutopayState", "AutopayThere", "AutopayUnknown", "Bill",
    "BillBeingPaid", "BillCounts", "BillNotPayable", "BillOrder", "BillOrderDiffers", "BillOrderOutdated",
    "BillOrderUnknown", "BillPage", "BillPaid", "BillState", "BillUnknown", "Biller", "BillerAdapter",
    "BillerDiffers", "BillerModel", "BillerNotAnswering", "BillerState", "BillerSuspended", "BillerUnknown",
    "BillsFileRefused", "Break", "BreakEnded", "BreakFilter", "BreakKind", "BreakPage", "BreakState", "BreakStep",
    "BreakUnknown", "CatalogueSection", "Category", "Clerk", "ClerkHasRole", "Collection",
    "CollectionAccountBlocked", "CollectionPage", "CollectionSearch", "CreditUsed", "Dated", "DayNotOver", "DaySum",
    "Dispute", "DisputeEnded", "DisputePage", "DisputeState", "DisputeUnknown", "DisputedBefore", "Doubt",
    "ExactAmountNeeded", "Facts", "FetchedBill", "Field", "FieldCheck", "FieldCheckDigit", "FieldKind",
    "FieldMissing", "FieldNotAsked", "FieldShape", "Finding", "FindingKind", "FindingPage", "Genuine", "Intake",
    "InvalidAutopay", "InvalidBiller", "InvalidClerk", "InvalidExtension", "InvalidFields", "InvalidLogo",
    "InvalidLoweredAmount", "InvalidNoticeHours", "InvalidPublicKey", "InvalidReminders", "InvalidWaiver",
    "KnownBills", "LessThanMinimum", "Logo", "LookedUp", "MoreThanBill", "NewBiller", "NewWaiver", "NoAnswer",
    "NoReceiptYet", "NotAClerk", "NotGenuine", "NotRefundable", "NotTheBillersCustomer", "NothingToWaive",
    "NoticeHours", "OrderState", "Outcome", "Part", "PartKind", "PartPayments", "PayerCannotReceive",
    "PayoutAccountUnfit", "Quote", "Receipt", "ReceiptKey", "ReceiptKeyMissing", "ReceiptKind", "Reconciliation",
    "Reference", "Refund", "RefundAboveDayLimit", "RefundAboveLimit", "RefundAmountNeeded", "RefundDiffers",
    "RefundNeedsSecondPerson", "RefundNotCovered", "RefundNotDelegated", "RefundTooMuch", "RefusedByBiller",
    "Saved", "SavedBillerIdTaken", "SavedBillerUnknown", "Settlement", "SettlementState", "SettlementUnknown",
    "SignedYes", "Since", "Sparing", "SparingKind", "TooManyAutopays", "TooManyBreaks", "TooManyDisputes",
    "TooManyLookUps", "TooManySavedBillers", "Validated", "Waiver", "WaiverEnded", "WaiverState", "WaiverUnknown",
    "WrongBills", "add_biller_key", "alias_of", "alone_limits", "asked_references", "assign_break", "autopay",
    "autopay_run_words", "autopay_runs", "autopay_state_words", "autopays", "bill", "bill_counts", "bill_order",
    "bill_orders", "biller", "biller_by_code", "billers", "billers_at", "billers_of", "bills_at", "bills_by_id",
    "bills_of", "bills_waiting", "break_history", "break_of", "breaks", "catalogue", "change_autopay",
    "check_extension", "check_receipt", "check_receipt_by_hand", "clerk_of", "clerks_of", "close_day", "close_days",
    "collection", "collections", "credit", "day_sum", "decide_dispute", "dispute", "dispute_by_id", "dispute_of",
    "disputes", "disputes_at", "disputes_of", "end_autopay", "end_biller_key", "end_clerk", "end_waiver",
    "expire_orders", "extend_bill", "fetch_bills", "findings", "give_autopay", "give_waiver", "inspection",
    "keep_known_bills", "keeps_credit", "lane_of", "late_parts", "left_to_autopays", "logo", "name_clerk",
    "notice_hours", "open_breaks", "order", "orders_by_id", "our_public_key", "path_of", "pause_autopay", "pay",
    "pay_out", "payments_out_csv", "payout_account", "penalty_of_bill", "penalty_rule", "penalty_rules",
    "propose_clerk", "propose_credit_terms", "propose_payout_account", "propose_penalty_rule", "propose_refund",
    "propose_waiver", "quote", "receipt", "receipt_keys", "receipt_of", "receipt_pdf", "reconcile",
    "reconciliation", "reconciliations_of", "reference_of", "refund", "refund_with_authority", "refundable",
    "refunds_of_biller", "refunds_of_day", "refunds_of_orders", "register_biller", "remind_of_bills",
    "reminder_days", "remove_saved_biller", "rename_saved_biller", "renew_our_key", "renew_receipt_key",
    "reopen_break", "resolve_break", "resume_autopay", "resume_biller", "run_autopays", "save_biller",
    "saved_biller", "saved_billers", "scan_address", "send_notices", "set_biller_address", "set_biller_fields",
    "set_credit_terms", "set_logo", "set_notice_hours", "set_payout_account", "set_penalty_rule",
    "set_reminder_days", "settlement", "settlement_camt054", "settlement_camt054_pieces", "settlement_csv",
    "settlements", "settlements_at", "signed_yes", "sparings_of", "squares_of", "suspend_biller", "take_in_bills",
    "today_of", "values_of", "waive_bill_penalty", "waivers", "waivers_by_id", "withdraw_dispute",
]  # fmt: skip
