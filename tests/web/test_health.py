"""Alive and ready: a dead worker is told, and never closes the form."""

from portal import db, leases


def test_alive_asks_for_nothing(client):
    assert (client.get("/up").status_code, client.get("/up").text) == (200, "ok")


def test_ready_names_the_part_that_is_not(client, database):
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": "ok", "schema": "ok", "worker": "failing", "disk": "ok"}
    database.write(lambda session: leases.beat(session, "one", db.utcnow()))
    assert client.get("/ready").status_code == 200
    assert client.get("/ready").headers["cache-control"] == "no-store"


def test_a_schema_behind_the_code_is_not_ready(client, database):
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    assert client.get("/ready").json()["schema"] == "failing"
