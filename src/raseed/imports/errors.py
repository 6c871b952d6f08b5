"""Refusals of an import: each names the file's line and why; nothing has changed when one of them is raised."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, mark


class FileMissing(NotFound):
    """The folder or file that was named is not there or can't be opened."""

    code = "import_file_missing"
    sentence = mark("The file %(file)s is not there, or it can't be opened.")
    hint = mark("Check the path and try again.")


class FileRefused(InputError):
    """The file as a whole can't be taken; the root of this package's input errors."""

    code = "import_refused"
    sentence = mark("The file can't be imported. Nothing was changed.")
    hint = mark("Correct the file and import it again.")


class FileTooLarge(FileRefused):
    """More bytes or lines than an import takes in one transaction."""

    code = "import_file_too_large"
    sentence = mark("%(file)s is larger than one import may be (%(limit)s).")
    hint = mark("Split the file by date and import the parts in order.")


class WrongEncoding(FileRefused):
    """The bytes are not text in the encoding that was promised."""

    code = "import_wrong_encoding"
    sentence = mark("Line %(line)s of %(file)s is not text in %(encoding)s.")
    hint = mark("Name the file's real encoding, such as utf-8 or windows-1256.")


class WrongHeader(FileRefused):
    """The first line does not name the columns that are needed."""

    code = "import_wrong_header"
    sentence = mark("The first line of %(file)s has no column “%(column)s”.")
    hint = mark("Check that this is the right file and that the mapping names its columns as they are written.")


class FileCutOff(FileRefused):
    """The last line has no end: the file may have been cut in the middle of an amount."""

    code = "import_file_cut_off"
    sentence = mark("Line %(line)s of %(file)s has no end: the file is cut off.")
    hint = mark("Fetch the file again, or give control sums that prove it whole.")


class LineUnreadable(FileRefused):
    """A line has another number of columns than the header, or a column can't be read."""

    code = "import_line_unreadable"
    sentence = mark("Line %(line)s of %(file)s: the column “%(column)s” can't be read.")
    hint = mark("Correct the line and import the file again.")


class ColumnsDiffer(FileRefused):
    """A line has more or fewer columns than the header."""

    code = "import_columns_differ"
    sentence = mark("Line %(line)s of %(file)s has %(found)s columns, but %(expected)s are needed.")
    hint = mark("Correct the line and import the file again.")


class LineAmountInvalid(FileRefused):
    """An amount that is zero, negative where a sign is not allowed, too large, or with too many decimals."""

    code = "import_amount_invalid"
    sentence = mark("Line %(line)s of %(file)s: “%(text)s” is not an amount that can be posted.")
    hint = mark("An amount is above zero and has at most %(decimals)s digits after the point.")


class LineDateInvalid(FileRefused):
    """A date that does not exist or is not in the promised format."""

    code = "import_date_invalid"
    sentence = mark("Line %(line)s of %(file)s: “%(text)s” is not a date.")
    hint = mark("Check the date and the date format in the mapping.")


class LineTextUnacceptable(FileRefused):
    """A text with control characters, direction overrides or invisible characters, or one too long."""

    code = "import_text_unacceptable"
    sentence = mark(
        "Line %(line)s of %(file)s: the text of “%(column)s” is too long or has characters that can't be seen."
    )
    hint = mark("Remove the hidden characters and import the file again.")


class IdRepeated(FileRefused):
    """Two lines carry the same id."""

    code = "import_id_repeated"
    sentence = mark("Line %(line)s of %(file)s repeats the id %(id)s of line %(first)s.")
    hint = mark("Each line needs an id of its own.")


class AccountUnknown(FileRefused):
    """A line, or an owner, names an account that the accounts' file does not list."""

    code = "import_account_unknown"
    sentence = mark("Line %(line)s of %(file)s names the account %(account)s, which is not among the accounts.")
    hint = mark("Add the account or correct the line.")


class LineCurrencyDiffers(FileRefused):
    """A line is in another currency than the books."""

    code = "import_currency_differs"
    sentence = mark("Line %(line)s of %(file)s is in %(given)s, but these books are in %(expected)s.")
    hint = mark("Import each currency with a mapping of its own.")


class ControlCountDiffers(FileRefused):
    """The file, or its mapping, says another number of lines than there are."""

    code = "import_control_count_differs"
    sentence = mark("%(expected)s lines were announced, but %(file)s has %(found)s.")
    hint = mark("Fetch the file again, or ask its sender.")


class ControlCreditsDiffer(FileRefused):
    """The file, or its mapping, says another sum than the lines that raise a balance add up to."""

    code = "import_control_credits_differ"
    sentence = mark("The credits in %(file)s add up to %(found)s, but %(expected)s was announced.")
    hint = mark("Fetch the file again, or ask its sender.")


class ControlDebitsDiffer(FileRefused):
    """The file, or its mapping, says another sum than the lines that lower a balance add up to."""

    code = "import_control_debits_differ"
    sentence = mark("The debits in %(file)s add up to %(found)s, but %(expected)s was announced.")
    hint = mark("Fetch the file again, or ask its sender.")


class LoanSumDiffers(FileRefused):
    """A loan's instalments do not add up to what was lent."""

    code = "import_loan_sum_differs"
    sentence = mark("Line %(line)s of %(file)s: the instalments of the loan %(id)s do not add up to its amount.")
    hint = mark("Correct the line and import the file again.")


class FileEmpty(FileRefused):
    """There is no transaction in the file."""

    code = "import_file_empty"
    sentence = mark("%(file)s has no transaction.")
    hint = mark("Check that this is the right file.")


class MappingInvalid(FileRefused):
    """The mapping file is not TOML, or an entry is missing, unknown or contradictory."""

    code = "import_mapping_invalid"
    sentence = mark("The mapping's entry “%(entry)s” is missing or can't be used.")
    hint = mark("See docs/subsystems/imports.md for what each entry means.")


class InstitutionDiffers(Conflict):
    """An institution of that name is there already with another currency."""

    code = "import_institution_differs"
    sentence = mark("The institution %(institution)s is already there with other particulars.")
    hint = mark("Choose another name in the mapping.")


class LineContentDiffers(Conflict):
    """A line with this id was imported before, and said something else."""

    code = "import_content_differs"
    sentence = mark("Line %(line)s of %(file)s has the id %(id)s, which was imported before with other content.")
    hint = mark("A posted line is never changed: send the correction as a line of its own.")


class PostingRefused(Conflict):
    """The ledger refused a line."""

    code = "import_posting_refused"
    sentence = mark("The ledger refused line %(line)s of %(file)s: %(result)s. Nothing was changed.")
    hint = mark("Correct the line and import the file again.")
