"""Many leads out of one: every row of it again and again, by SQL alone, with whatever must differ made from a number.

Whatever columns the tables have: those not named here are copied as they are.
"""

from sqlalchemy import Table, text
from sqlmodel import Session, SQLModel

from portal.consent.choices import Choice
from portal.db import table_of
from portal.forwarding import KIND
from portal.leads import Disclosure, Lead, LeadPerson
from portal.mail.mails import Mail

DIGITS = "CAST(10000000 + n AS TEXT)"
REFERENCE = f"'IM-' || substr({DIGITS}, 1, 4) || '-' || substr({DIGITS}, 5, 4)"
EMAIL = "'jane' || n || '@example.org'"
MESSAGE = "'<' || n || '@bench.example>'"
WORDS = """CASE WHEN n % 10 = 0 THEN '=HYPERLINK("https://example.org/' || n || '")'
 WHEN n % 3 = 0 THEN 'Good morning, is "number" ' || n || ' still free?' || chr(10) || 'We could come on Friday.'
 ELSE 'We would like to see this home, if it is still for sale. Could you call in the evening? ' || n END"""


def multiply(session: Session, count: int) -> None:
    """Make `count` leads of the only one there is, with person, choice, mail to the agency and disclosure."""
    postgresql = session.get_bind().dialect.name == "postgresql"
    copied: list[tuple[type[SQLModel], str, dict[str, str]]] = [
        (Lead, "id = 1", {"id": "n", "reference": REFERENCE}),
        (LeadPerson, "lead_id = 1", {"lead_id": "n", "name": "name || ' ' || n", "email": EMAIL, "words": WORDS}),
        (Choice, "lead_id = 1", {"id": "id + (n - 1) * 10", "lead_id": "n"}),
        (Mail, f"kind = '{KIND}'", {"id": "n + 1000", "about": f"'lead:' || {REFERENCE}", "message_id": MESSAGE}),
        (Disclosure, "lead_id = 1", {"id": "n", "lead_id": "n", "mail_id": "n + 1000"}),
    ]
    numbers = (
        f"SELECT n FROM generate_series(2, {count}) AS s(n)" if postgresql
        else f"WITH RECURSIVE s(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s"
    )  # fmt: skip
    for model, one, changed in copied:
        table = table_of(model)
        statement = _copy(table, one, changed, numbers)
        session.execute(text(statement if postgresql else statement.replace("chr(", "char(")))
    session.execute(text("ANALYZE"))


def _copy(table: Table, one: str, changed: dict[str, str], numbers: str) -> str:
    columns = [f'"{column.name}"' for column in table.columns]
    values = [changed.get(column.name, f'one."{column.name}"') for column in table.columns]
    return (
        f'INSERT INTO "{table.name}" ({", ".join(columns)}) SELECT {", ".join(values)}'
        f' FROM ({numbers}) AS numbers, (SELECT * FROM "{table.name}" WHERE {one}) AS one'
    )
