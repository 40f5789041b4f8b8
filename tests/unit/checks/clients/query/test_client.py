"""The client of the query worker: its question, and an answer that broke off."""

import json

from checks.clients.http.client import Answer
from checks.clients.query.client import Question, Told


def test_the_question_has_the_form_of_the_runbook():
    question = Question(site="s", points=("a b", "c"), start=1, end=2)
    assert question.params == {"site_name": "s", "point_names": "a b,c", "start_time": "1", "end_time": "2"}


def test_an_answer_that_broke_off_holds_no_error():
    assert Told(answer=None).error.code == ""
    body = json.dumps({"error": {"code": "c", "message": "m"}}).encode()
    assert Told(answer=Answer(request="", status=500, headers={}, body=body)).error.shown == "c (m)"
