"""What is refused of files: some at the door, most as problems of an order that is kept with them."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, RaseedError, mark


class OrderUnknown(NotFound):
    """No such order, or not the asker's to see."""

    code = "order_unknown"
    sentence = mark("We could not find this file.")
    hint = mark("Open the list of your files and choose one.")


class OrderIdTaken(Conflict):
    """The same order id came again with another file."""

    code = "order_id_taken"
    sentence = mark("This identifier already belongs to another file.")
    hint = mark("Look at that file; to send another, begin again.")


class OrderNotWaiting(Conflict):
    """The order does not wait for what is asked: it was refused, withdrawn, or has ended."""

    code = "order_not_waiting"
    sentence = mark("This file does not wait for that any more.")
    hint = mark("Look at where it is now.")


class TooManyOpenOrders(RaseedError):
    """The sender has many files that wait already."""

    code = "order_too_many_open"
    sentence = mark("%(limit)s of your files wait already.")
    hint = mark("Confirm or withdraw some of them first.")


class FileEmpty(InputError):
    """Nothing came."""

    code = "order_file_empty"
    sentence = mark("The file is empty.")
    hint = mark("Choose the file again.")


class FileTooLarge(InputError):
    """The file is larger than any file of a hundred thousand payments needs to be; ``limit`` is in megabytes."""

    code = "order_file_too_large"
    sentence = mark("The file is larger than %(limit)s megabytes.")
    hint = mark("Divide it into several files.")


class FileUnreadable(InputError):
    """The root of what makes a file unsafe or impossible to read: reading ends there."""

    code = "order_file_unreadable"
    sentence = mark("The file can't be read.")
    hint = mark("Have your software write it again.")


class WrongEncoding(FileUnreadable):
    """The file says, or its first bytes show, that it is not UTF-8."""

    code = "order_file_encoding"
    sentence = mark("The file is written in %(found)s; we read UTF-8.")
    hint = mark("Have your software write it in UTF-8.")


class BrokenEncoding(FileUnreadable):
    """The file says that it is UTF-8, and here it is not."""

    code = "order_file_not_utf8"
    sentence = mark("From here on the file is not UTF-8, although it says so.")
    hint = mark("Have your software write it in UTF-8.")


class HasDocumentType(FileUnreadable):
    """A document type declaration, where entities that swell or reach outside would be declared."""

    code = "order_file_doctype"
    sentence = mark("The file has a document type declaration (DOCTYPE), which we never read.")
    hint = mark("Payment files need none; have your software leave it out.")


class NotWellFormed(FileUnreadable):
    """What stands here is not XML; ``detail`` is the parser's own word for it."""

    code = "order_file_not_xml"
    sentence = mark("This is not well-formed XML: %(detail)s")
    hint = mark("Have your software write the file again; do not edit it by hand.")


class CutOff(FileUnreadable):
    """The file ends before its document does."""

    code = "order_file_cut_off"
    sentence = mark("The file ends in the middle.")
    hint = mark("It was cut off on its way; send it again, whole.")


class PartTooLarge(FileUnreadable):
    """A single payment, or what stands between two, is larger than ``limit`` kilobytes."""

    code = "order_file_part_too_large"
    sentence = mark("Up to here, a single part of the file is larger than %(limit)s kilobytes.")
    hint = mark("A payment needs far less; have your software write the file again.")


class NotAPaymentFile(FileUnreadable):
    """Another kind or version of message; ``found`` says which."""

    code = "order_file_kind"
    sentence = mark("This is %(found)s; we read pain.001.001.09.")
    hint = mark("Choose pain.001.001.09 in your software.")


class BreaksSchema(InputError):
    """The schema of ISO 20022 does not allow this; ``detail`` is the validator's own word for it."""

    code = "order_breaks_schema"
    sentence = mark("The schema does not allow this: %(detail)s")
    hint = mark("Have your software write pain.001.001.09 as ISO 20022 describes it.")


class TooManyOrderPayments(FileUnreadable):
    """More payments than one file may carry."""

    code = "order_too_many_payments"
    sentence = mark("A file may carry at most %(limit)s payments.")
    hint = mark("Divide it into several files.")


class TooManyBlocks(FileUnreadable):
    """More PmtInf blocks than one file may have."""

    code = "order_too_many_blocks"
    sentence = mark("A file may have at most %(limit)s PmtInf blocks.")
    hint = mark("Put payments from the same account on the same date into one block.")


class WrongCount(InputError):
    """NbOfTxs is not the number of payments."""

    code = "order_wrong_count"
    sentence = mark("NbOfTxs says %(said)s payments, but there are %(found)s.")
    hint = mark("Payments may be missing or twice; have your software write the file again.")


class WrongSum(InputError):
    """CtrlSum is not the sum of the amounts."""

    code = "order_wrong_sum"
    sentence = mark("CtrlSum says %(said)s, but the amounts add up to %(found)s.")
    hint = mark("Amounts may be missing or changed; have your software write the file again.")


class MessageIdTaken(Conflict):
    """The sender has sent another file under the same MsgId."""

    code = "order_message_id_taken"
    sentence = mark("You have sent another file under the MsgId %(message_id)s.")
    hint = mark("If this is meant as another order, give it a MsgId of its own.")


class MethodNotOffered(InputError):
    """A payment method other than a transfer (TRF)."""

    code = "order_method_not_offered"
    sentence = mark("We carry out transfers (TRF) only, not %(found)s.")
    hint = mark("Choose TRF as PmtMtd.")


class EquivalentAmount(InputError):
    """An amount to be converted first (EqvtAmt)."""

    code = "order_equivalent_amount"
    sentence = mark("We do not convert amounts (EqvtAmt).")
    hint = mark("Give the amount as InstdAmt, in the currency of the account.")


class ChargesNotOffered(InputError):
    """The recipient is to bear the fees (ChrgBr CRED)."""

    code = "order_charges_not_offered"
    sentence = mark("The recipient can't be made to bear the fees (ChrgBr CRED).")
    hint = mark("Choose SLEV, or leave ChrgBr out.")


class DatePast(InputError):
    """The execution date is over."""

    code = "order_date_past"
    sentence = mark("The execution date %(found)s is over.")
    hint = mark("Give today's date or a later one.")


class DateFar(InputError):
    """The execution date is further away than we keep orders for."""

    code = "order_date_far"
    sentence = mark("The execution date %(found)s is more than %(limit)s days away.")
    hint = mark("Send the file again nearer to that date.")


class DebtorUnknown(InputError):
    """The account to be debited is not one that the sender may pay from."""

    code = "order_debtor_unknown"
    sentence = mark("You may not pay from the account to be debited.")
    hint = mark("Give the IBAN or number of an account that you may pay from.")


class SeveralInstitutions(InputError):
    """The accounts to be debited are at different institutions."""

    code = "order_several_institutions"
    sentence = mark("The accounts to be debited are at different institutions.")
    hint = mark("Send one file to each institution.")


class CreditorAccountMissing(InputError):
    """A payment without the recipient's account."""

    code = "order_creditor_account_missing"
    sentence = mark("The recipient's account (CdtrAcct) is missing.")
    hint = mark("Give an IBAN, or an account or phone number as Othr/Id.")


class WrongBic(InputError):
    """A BIC whose fifth and sixth letters are no country."""

    code = "order_wrong_bic"
    sentence = mark("%(found)s is not a BIC: there is no country %(country)s.")
    hint = mark("Compare it with the original, letter by letter.")


class EndToEndIdTwice(InputError):
    """Two payments have the same EndToEndId."""

    code = "order_end_to_end_id_twice"
    sentence = mark("The EndToEndId %(found)s was already used in line %(first_line)s.")
    hint = mark("A payment may be in the file twice; give each payment an EndToEndId of its own.")


class InstructionIdTwice(InputError):
    """Two payments have the same InstrId."""

    code = "order_instruction_id_twice"
    sentence = mark("The InstrId %(found)s was already used in line %(first_line)s.")
    hint = mark("A payment may be in the file twice; give each payment an InstrId of its own.")


class TransactionReferenceTwice(InputError):
    """Two payments have the same UETR, which is unique in the world."""

    code = "order_uetr_twice"
    sentence = mark("The UETR %(found)s was already used in line %(first_line)s.")
    hint = mark("A payment may be in the file twice; a UETR names one payment in the world.")


class BlockIdTwice(InputError):
    """Two blocks have the same PmtInfId."""

    code = "order_block_id_twice"
    sentence = mark("The PmtInfId %(found)s was already used in line %(first_line)s.")
    hint = mark("Give each block a PmtInfId of its own.")


class OrderWithdrawn(RaseedError):
    """The order was withdrawn before this payment was carried out."""

    code = "order_withdrawn"
    sentence = mark("The order was withdrawn before this payment was carried out.")
    hint = mark("Send it in another file if it is still wanted.")


class OrderLapsed(RaseedError):
    """Nobody confirmed the order in time."""

    code = "order_lapsed"
    sentence = mark("The order was not confirmed in time.")
    hint = mark("Send the file again if it is still wanted.")
