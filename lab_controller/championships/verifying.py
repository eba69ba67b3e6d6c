"""Whether the championships' logs in a database are the ones that were written."""

from collections.abc import Iterator

from sqlmodel import Session, col, func, select

from lab_controller.championships.journal import iter_rows
from lab_controller.championships.log import export_lines, verify_lines
from lab_controller.championships.tables import Championship, LogRecord
from lab_controller.errors import Invalid


def verify_logs(session: Session) -> int:
    """Walk every championship's chain to the end that its row names; gives the number of championships.

    Raises Invalid `championship_log_broken` with the first record that does not hold.
    """
    championships = session.exec(select(Championship).order_by(col(Championship.slug))).all()
    for championship in championships:
        _verify(session, championship)
    return len(championships)


def _verify(session: Session, championship: Championship) -> None:
    seq, code = 0, ""

    def lines() -> Iterator[bytes]:
        nonlocal seq
        for line in export_lines(championship.slug, iter_rows(session, championship)):
            yield line.encode()
            seq += 1

    try:
        report = verify_lines(lines())
    except ValueError:
        # A payload that is not JSON in UTF-8; the header and the records before it are told.
        code = "not_json"
    else:
        seq = report.records + 1
        if report.problem is not None:
            code = report.problem.code
        elif report.records != _count(session, championship) or report.records != championship.head_seq:
            code = "count"
        elif report.head != championship.head_hash:
            seq, code = report.records, "other_head"
    if code:
        raise Invalid("championship_log_broken", championship=championship.slug, seq=seq, problem=code)


def _count(session: Session, championship: Championship) -> int:
    query = select(func.count()).select_from(LogRecord)
    return session.exec(query.where(LogRecord.championship_id == championship.id)).one()
