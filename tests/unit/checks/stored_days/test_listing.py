"""The list of the stored days: its keys, its requests, and that the checks of a run share one list."""

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest

from checks.stored_days.listing.listed_days import ListedDays
from checks.stored_days.listing.packed_metadata import PackedMetadata, pack_metadata
from checks.stored_days.listing.prefixes import KeyReader, find_common_prefix, list_prefixes
from contract.manifest import Manifest
from contract.schedule import SiteDay
from tests.fakes.days import date_of, key_of, lines, stored_in_members
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NOW, QUERY, manifest_data

NAMES = ("ses_a", "ses_a-b", "ses_b")


def manifest_of(template="timeseries/{site}/{date}/data.ndjson.gz", names=NAMES, **more):
    return Manifest.from_dict(manifest_data(names=names, storage__key_template=template, **more))


@pytest.mark.parametrize(
    "template", ["timeseries/{site}/{date}/x.gz", "{site}-{date}", "d/{date}/{site}", "{site}/{date}/{site}.gz"]
)
def test_a_key_names_its_site_and_day(template):
    manifest = manifest_of(template)
    reader = KeyReader.create(manifest)
    for name in NAMES:
        assert reader.read(manifest.storage.key(name, "2024-12-12")) == SiteDay(name, date(2024, 12, 12))
        for key in (manifest.storage.key(name, "2024-12-32"), manifest.storage.key(name, "2024-12-12") + "x"):
            assert reader.read(key) is None
    assert reader.read(manifest.storage.key("other", "2024-12-12")) is None
    assert reader.read(manifest.storage.key("ses_a", "2024-12-09")) is None, "before the first declared day"


def test_sites_share_one_list_where_their_days_are_few_or_the_date_comes_first():
    few, many = manifest_of(), manifest_of(first="2014-12-10")
    assert find_common_prefix(few, list_prefixes(few), NOW, 4) == "timeseries/"
    assert find_common_prefix(many, list_prefixes(many), NOW, 4) == ""
    assert len(list_prefixes(many)) == len(NAMES)
    assert list_prefixes(manifest_of("d/{date}/{site}")) == ["d/"]
    assert find_common_prefix(manifest_of("{site}/{date}"), ["a/", "b/"], NOW, 4) == "", "it may have other objects"


def count_lists(system):
    return sum(asked.endswith("/objects") for asked in system.asked)


def run_whole(folder, system):
    system.asked.clear()
    code, report = system.report(folder)
    assert code == 0, [check["findings"] for check in report.values()]
    return report


def test_the_checks_of_a_run_share_one_list(tmp_path):
    """All of them, where nothing is stored meanwhile. The second request lists the failed days."""
    system = healthy_system(stored=5, manifest=manifest_data(siblings__query_url=QUERY))
    run_whole(tmp_path, system)
    assert count_lists(system) == 2


def test_r2_lists_anew_after_a_batch_that_stored_days(tmp_path):
    system = healthy_system(stored=2)
    report = run_whole(tmp_path, system)
    assert count_lists(system) == 3
    assert report["r2"]["evidence"][0].startswith("3 of 5 days are stored")


def test_a_prefix_with_many_other_objects_is_not_read_to_its_end(tmp_path):
    system = healthy_system(stored=5, manifest=manifest_data(names=["ses_a", "ses_b"]))
    day = system.objects[key_of(date_of(0), "ses_a")]
    system.objects.update({key_of(str(number), "former"): day for number in range(2001)})
    system.report(tmp_path, "fresh")
    assert count_lists(system) == 1 + 3 + 2, "the failed days, the common prefix, and each site"


def test_history_proves_a_lost_day_by_a_list_after_the_log(tmp_path):
    """A day that is stored after the first list began, and before its run ended, is not lost."""
    system = healthy_system(stored=5)
    key = key_of(date_of(2))
    late = system.objects.pop(key)
    answer, seen = system.cloudflare.answer, []

    def store_after_the_list(request):
        reply = answer(request)
        if request.url.path.endswith("/objects") and not seen:
            seen.append(request)
            system.objects[key] = late
        return reply

    system.cloudflare.answer = store_after_the_list
    code, report = system.report(tmp_path, "history")
    assert (code, report["history"]["findings"]) == (0, [])
    del system.objects[key]
    _, report = system.report(tmp_path, "history")
    assert report["history"]["outcome"] == "fail"


@pytest.mark.parametrize("check", ["r2", "query", "proof"])
def test_a_day_that_is_revised_after_the_list_is_judged_as_it_is_now(tmp_path, check):
    """Case A8: a re-check stores a new revision while the checks run."""
    system = healthy_system(stored=1, total=1, manifest=manifest_data(siblings__query_url=QUERY))
    day, later = date_of(0), lines(date_of(0), 5)
    newer = stored_in_members(day, later, revision="2", uploaded=NOW - timedelta(seconds=1))
    answer, key = system.cloudflare.answer, key_of(day)

    def revise_before_the_read(request):
        if request.url.path.endswith(key) and system.objects[key] is not newer:
            system.write(day, later)
            system.objects[key] = newer
        return answer(request)

    system.cloudflare.answer = revise_before_the_read
    code, report = system.report(tmp_path, check)
    assert code == 0, report[check]["findings"]
    system.cloudflare.answer = answer
    system.objects[key] = replace(newer, body=newer.body[:-1])
    assert system.report(tmp_path, check)[0] == 1, "a damaged object fails as before"


def test_one_list_is_read_at_a_time_and_a_later_one_on_request():
    shared, made, done = ListedDays(), [], threading.Event()

    def make():
        made.append(None)
        done.wait(5)
        return dict.fromkeys(range(len(made)))

    threads = [threading.Thread(target=lambda: shared.read(make)) for _ in range(3)]
    for thread in threads:
        thread.start()
    done.set()
    for thread in threads:
        thread.join()
    assert len(made) == shared.begun == 1
    assert len(shared.read(make, after=0)) == 1
    assert len(shared.read(make, after=1)) == 2
    assert len(shared.read(make, after=1)) == 2


def test_a_list_that_failed_is_read_again():
    shared = ListedDays()
    with pytest.raises(ZeroDivisionError):
        shared.read(lambda: 1 / 0)
    assert shared.read(dict) == {}


def test_packed_metadata_are_the_same_texts():
    given, known = {"samples": "3", "source": "ü", "empty": ""}, {}
    packed = pack_metadata(given, known)
    assert isinstance(packed, PackedMetadata)
    assert (dict(packed), len(packed), "source" in packed, packed.get("x")) == (given, 3, True, None)
    assert pack_metadata({}, known) == {}
    assert pack_metadata({"a": "x\0y"}, known) == {"a": "x\0y"}
    with pytest.raises(KeyError):
        packed["x"]
