"""The fields of the manifest that are settings, by their names in Pulumi.<stack>.yaml."""

from __future__ import annotations

from collections.abc import Mapping

SETTING_NAMES: Mapping[str, str] = {  # field of the manifest -> name of the setting in Pulumi.<stack>.yaml
    "account_id": "accountId",
    "worker.name": "workerName",
    "worker.url": "workerUrl",
    "storage.bucket": "bucket",
    "storage.key_template": "keyTemplate",
    "ace.base_url": "aceBaseUrl",
    "sites": "sites",
    "ace.page_size": "pageSize",
    "ace.settle_hours": "settleHours",
    "ace.recheck_days": "recheckDays",
    "queue.parallelism": "parallelism",
    "ace.key_expiry_warning_days": "keyExpiryWarningDays",
    "schedules": "schedule",
    "siblings.etl_worker": "etlWorker",
    "siblings.query_url": "queryUrl",
}
