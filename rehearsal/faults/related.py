"""Faults of the related workers: the ETL worker and the query worker."""

from __future__ import annotations

from rehearsal.faults import Fault, actions
from rehearsal.local_system import LocalSystem, outside_pulumi

_ETL = {"etlWorker": outside_pulumi.ETL_WORKER}
_QUERY = {"queryWorker": True}


async def _unbind_query_bucket(local: LocalSystem) -> None:
    await outside_pulumi.upload_script(local, edit=actions.drop_bindings("BUCKET"), name=local.query_name)


FAULTS = (
    Fault(
        name="etl-key-another",
        description="the ETL worker has another key than this worker",
        caught_by=("parity",),
        cause="configuration",
        settings=_ETL,
        apply=actions.deploy_etl_worker(key="fake-key-of-the-etl-worker"),
    ),
    Fault(
        name="etl-open",
        description="the ETL worker accepts every operator token",
        caught_by=("parity",),
        cause="worker",
        settings=_ETL,
        apply=actions.deploy_etl_worker(
            ("if (!await isOperator(request, config.key)) {", 'if (config.key === "") {'),
        ),
    ),
    Fault(
        name="query-headers-missing",
        description="the query worker sends neither X-Data-Source nor X-Query-Strategy",
        caught_by=("query",),
        cause="worker",
        settings=_QUERY,
        apply=actions.patch_query_worker((", ...SOURCE }", " }")),
    ),
    Fault(
        name="query-rows-lost",
        description="the query worker loses the samples at the start of the range",
        caught_by=("query",),
        cause="worker",
        settings=_QUERY,
        apply=actions.patch_query_worker(("(timestamp < start ||", "(timestamp <= start ||")),
    ),
    Fault(
        name="query-unbound",
        description="the query worker was uploaded without a binding of the bucket",
        caught_by=("query",),
        cause="configuration",
        settings=_QUERY,
        apply=_unbind_query_bucket,
    ),
)
