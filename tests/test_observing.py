"""What is written to the logs, and what never is."""

import json
import logging

from portal.observing import Lines, log


def test_an_event_is_one_line_of_json_with_level_and_time(capsys):
    log.info("mail tried", mail=12, outcome="accepted")
    captured = capsys.readouterr()
    line = json.loads(captured.err)
    assert line.pop("time").endswith("Z") and captured.out == ""
    assert line == {"event": "mail tried", "level": "info", "mail": 12, "outcome": "accepted"}


def test_a_key_that_is_not_allowed_is_dropped(capsys):
    log.warning("mail tried", email="jane@example.com", query="name=Jane")
    assert "jane" not in capsys.readouterr().err.lower()


def test_an_exception_leaves_its_type_and_its_way_but_never_its_message(capsys):
    try:
        raise ValueError("jane@example.com")
    except ValueError as error:
        log.error("not understood", exc_info=error)
    written = capsys.readouterr().err
    line = json.loads(written)
    assert line["error"] == "ValueError" and line["where"][-1].startswith("tests/test_observing.py:")
    assert "jane" not in written


def test_of_other_libraries_records_only_the_template_is_kept():
    record = logging.LogRecord("granian", logging.ERROR, "x", 1, "raised for %s\nTraceback: jane", ("jane",), None)
    line = json.loads(Lines().format(record))
    assert (line["event"], line["logger"], line["level"]) == ("raised for %s", "granian", "error")
