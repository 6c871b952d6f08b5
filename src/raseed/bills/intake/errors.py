"""Why a file of bills was refused: always the whole file, and always with the line."""

from __future__ import annotations

from raseed.kernel.errors import InputError, mark


class BillsFileRefused(InputError):
    """A file of bills that is not taken in; ``line`` says where."""

    code = "bills_file_refused"
    sentence = mark("The file was not taken in; nothing of it counts. Line %(line)s can't be read.")
    hint = mark("Mend the line, and send the whole file again.")


class BillsFileHead(BillsFileRefused):
    """The first lines do not say that it is a file of bills of this biller, in its currency and its minor units."""

    code = "bills_file_head"
    sentence = mark("The file was not taken in: line %(line)s should say %(expected)s.")
    hint = mark("Check that it is the file of this biller, and that its amounts have the right number of decimals.")


class BillsFileRow(BillsFileRefused):
    """A value that can't be right."""

    code = "bills_file_row"
    sentence = mark("The file was not taken in; nothing of it counts. In line %(line)s, “%(column)s” is not right.")
    hint = mark("Mend the value, and send the whole file again.")


class BillsFileTwice(BillsFileRefused):
    """A bill that is in the file twice."""

    code = "bills_file_twice"
    sentence = mark("The file was not taken in; nothing of it counts. The bill of line %(line)s is in it twice.")
    hint = mark("Leave each bill in once, and send the whole file again.")


class BillsFileCut(BillsFileRefused):
    """The file ends before its last line, or its last line does not fit what came before."""

    code = "bills_file_cut"
    sentence = mark("The file was not taken in: it is cut off, or its last line does not fit (line %(line)s).")
    hint = mark("The last line counts the bills and adds up their amounts. Send the whole file again.")


class BillsFileTooLarge(BillsFileRefused):
    """More bills or bytes than one file may have."""

    code = "bills_file_too_large"
    sentence = mark("The file was not taken in: it is too large (line %(line)s).")
    hint = mark("Send the bills in several files.")
