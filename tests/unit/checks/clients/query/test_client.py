"""The client of the query worker: its question, and an answer that broke off."""

import json

from checks.clients.query.client import QueryAnswer, Question
from cloudflare_client.http_answer import HttpAnswer


def test_the_question_has_the_form_of_the_runbook():
    question = Question(site="s", points=("a b", "c"), start=1, end=2)
    assert question.params == {"site_name": "s", "point_names": "a b,c", "start_time": "1", "end_time": "2"}


def test_an_answer_that_broke_off_holds_no_error():
    assert QueryAnswer(answer=None).error.code == ""
    body = json.dumps({"error": {"code": "c", "message": "m"}}).encode()
    assert QueryAnswer(answer=HttpAnswer(request="", status=500, headers={}, body=body)).error.shown == "c (m)"
