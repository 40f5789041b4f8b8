"""A worker and a bucket that somebody made by hand are taken over when asked, and only then."""

import json


def test_what_exists_is_refused_then_adopted_and_verified(empty_world):
    world, name, bucket = empty_world, empty_world.local.worker_name, empty_world.local.bucket
    folder = world.local.folder / "by-hand"
    folder.mkdir()
    (folder / "worker.js").write_text("export default { fetch() { return new Response('old') } }")
    bound = [{"binding": "OLD", "bucket_name": bucket}]
    config = {"name": name, "main": "worker.js", "compatibility_date": "2026-04-01", "r2_buckets": bound}
    (folder / "wrangler.json").write_text(json.dumps(config))
    world.wait(world.local.wrangler("r2", "bucket", "create", bucket))
    world.wait(world.local.wrangler("deploy", "--config", str(folder / "wrangler.json")))
    world.wait(world.local.edge.r2_put(bucket, "kept", b"data", http_metadata={}, custom_metadata={}))

    code, output = world.run("pulumi", "up", "--yes", "--skip-preview")
    assert code != 0
    assert "pulumi config set adopt true" in output

    world.pulumi("config", "set", "adopt", "true")
    adopted = world.pulumi("up", "--yes", "--skip-preview")
    assert "= 1 imported" in adopted
    assert "kept" in world.objects()
    world.pulumi("preview", "--expect-no-changes")
    code, report = world.checks()
    assert (code, report["counts"]["pass"]) == (0, 6)
