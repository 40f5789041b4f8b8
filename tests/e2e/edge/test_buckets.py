"""Python and the workers read the same objects, and the edge does not change their bytes."""

from __future__ import annotations

import gzip

import pytest

NDJSON = {"contentType": "application/x-ndjson"}


def put(edge, bucket, key, body=b"x", http=NDJSON, custom=None):
    return edge.do(edge.edge.r2_put(bucket, key, body, http_metadata=http, custom_metadata=custom or {}))


def test_bytes_and_metadata_are_returned_unchanged(edge):
    body = gzip.compress(b'{"value":1}\n' * 100)
    http = {**NDJSON, "contentEncoding": "gzip", "cacheExpiry": "2027-01-01T00:00:00.000Z"}
    custom = {"samples": "100", "place": "Düsseldorf"}
    stored = put(edge, "round-trip", "timeseries/a b/ü%2F?.gz", body, http, custom)
    description, bytes_ = edge.do(edge.edge.r2_get("round-trip", "timeseries/a b/ü%2F?.gz"))
    assert bytes_ == body
    assert description == stored
    assert (stored["key"], stored["size"]) == ("timeseries/a b/ü%2F?.gz", len(body))
    assert (stored["http_metadata"], stored["custom_metadata"]) == (http, custom)
    assert stored["uploaded"].endswith("Z")
    assert put(edge, "round-trip", "empty", b"")["size"] == 0
    assert edge.do(edge.edge.r2_get("round-trip", "empty"))[1] == b""


def test_an_absent_or_deleted_object_is_none(edge):
    put(edge, "deleting", "k")
    edge.do(edge.edge.r2_delete("deleting", "k"))
    edge.do(edge.edge.r2_delete("deleting", "k"))
    assert edge.do(edge.edge.r2_get("deleting", "k")) is None
    assert edge.do(edge.edge.r2_list("never-used"))["objects"] == []


def test_a_worker_and_the_host_share_a_bucket(edge, script, client):
    code = """export default { async fetch(_, { BUCKET }) {
      await BUCKET.put("from-worker", "w", { customMetadata: { samples: "1" }, httpMetadata: { contentEncoding: "gzip" } });
      return new Response(await (await BUCKET.get("from-host")).text());
    } }"""
    put(edge, "shared", "from-host", b"h")
    url = edge.serve(script("w", code, bindings=({"name": "BUCKET", "type": "r2_bucket", "bucket_name": "shared"},)))
    assert client.get(url).text == "h"
    description, body = edge.do(edge.edge.r2_get("shared", "from-worker"))
    assert (body, description["custom_metadata"]) == (b"w", {"samples": "1"})
    assert description["http_metadata"] == {"contentEncoding": "gzip"}


def test_a_list_is_paged_to_its_end_with_metadata(edge, script, client):
    code = """export default { async fetch(_, { BUCKET }) {
      for (let n = 0; n < 230; n++) await BUCKET.put(`d/${String(n).padStart(3, "0")}`, "x", { customMetadata: { n } });
      return new Response();
    } }"""
    bindings = ({"name": "BUCKET", "type": "r2_bucket", "bucket_name": "listed"},)
    client.get(edge.serve(script("w", code, bindings=bindings)))
    put(edge, "listed", "e/other")

    def names(page):
        return [item["key"] for item in page["objects"]]

    def list_(**options):
        return edge.do(edge.edge.r2_list("listed", **options))

    first = list_(prefix="d/", limit=150)
    rest = list_(prefix="d/", limit=150, cursor=first["cursor"])
    assert (len(names(first)), first["truncated"]) == (150, True)
    assert (len(names(rest)), rest["truncated"], rest["cursor"]) == (80, False, None)
    assert names(first) + names(rest) == [f"d/{n:03}" for n in range(230)]
    assert rest["objects"][-1]["custom_metadata"] == {"n": "229"}
    assert names(list_(start_after="d/228")) == ["d/229", "e/other"]
    assert list_(delimiter="/")["delimited_prefixes"] == ["d/", "e/"]
    assert len(names(list_())) == 231


@pytest.mark.parametrize("bucket", ["", "../x", "UPPER", "a", "x" * 64])
def test_an_invalid_bucket_name_is_refused(edge, bucket):
    with pytest.raises(ValueError, match="not the name of an R2 bucket"):
        edge.do(edge.edge.r2_get(bucket, "k"))


def test_metadata_that_r2_refuses_are_refused(edge):
    with pytest.raises(ValueError, match=r"(?i)metadata"):
        put(edge, "limits", "k", custom={"big": "x" * 3000})
    with pytest.raises(ValueError, match="object name is not valid"):
        put(edge, "limits", "k" * 2000)
    with pytest.raises(ValueError, match="1 to 1,000"):
        edge.do(edge.edge.r2_list("limits", limit=0))
    assert edge.do(edge.edge.r2_list("limits"))["objects"] == []
