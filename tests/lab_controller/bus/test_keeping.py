from sqlmodel import select

from lab_controller.bus.keeping import forget_dead_letters
from lab_controller.bus.tables import DeadLetter
from lab_controller.database import Database


def test_of_messages_that_could_not_be_stored_the_newest_are_kept(database: Database) -> None:
    with database.write() as session:
        for n in range(10):
            session.add(DeadLetter(at_us=n, topic=f"t{n}", size_bytes=0, payload=b"", code="c", detail=""))
    with database.write() as session:
        assert [forget_dead_letters(session, 4, limit=5), forget_dead_letters(session, 4, limit=5)] == [5, 1]
        assert forget_dead_letters(session, 4, limit=5) == 0
        assert session.exec(select(DeadLetter.topic).order_by("id")).all() == ["t6", "t7", "t8", "t9"]
