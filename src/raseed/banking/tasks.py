"""Jobs of ``banking``, where procrastinate looks for them: interest, loans' due dates, accounts that nobody uses.

Each runs every hour and does what is owed by then, so a day on which no worker ran is made up for by the next hour that one
does; what is done is not done again.
"""

from __future__ import annotations

from raseed.platform.jobs import app

from .dormancy import make_dormant
from .late.charging import charge_loan_penalties
from .repayment import charge_loan_interest
from .savings import credit_interest


@app.periodic(cron="10 * * * *")
@app.task(name="banking.charge_loan_interest", queue="upkeep", queueing_lock="banking.charge_loan_interest")
def charge_interest_of_loans(timestamp: int) -> None:
    """Charge loans the interest of the instalments that are due, and what being late with those before costs."""
    del timestamp
    charge_loan_interest()
    charge_loan_penalties()


@app.periodic(cron="20 * * * *")
@app.task(name="banking.credit_interest", queue="upkeep", queueing_lock="banking.credit_interest")
def credit_interest_of_savings(timestamp: int) -> None:
    """Credit savings the interest of the months that have ended."""
    del timestamp
    credit_interest()


@app.periodic(cron="40 * * * *")
@app.task(name="banking.make_dormant", queue="upkeep", queueing_lock="banking.make_dormant")
def let_unused_accounts_rest(timestamp: int) -> None:
    """Make accounts dormant that nobody has used for as long as their product says."""
    del timestamp
    make_dormant()
