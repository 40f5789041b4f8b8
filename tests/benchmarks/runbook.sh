#!/usr/bin/env bash
# The runbook's steps that change nothing, one after the other, as a user types them. Timed by tests/benchmarks/checks.py.
set -euo pipefail
api="$CLOUDFLARE_BASE_URL/accounts/$CLOUDFLARE_ACCOUNT_ID"
bearer="Authorization: Bearer $CLOUDFLARE_API_TOKEN"
# Test the ACE token directly
curl -sS --fail -H "Authorization: Bearer $ACE_API_KEY" \
  "$ACE/api/sites/$SITE/timeseries/paginated?start_time=2024-12-10T00:00:00Z&end_time=2024-12-10T23:59:59Z&page_size=1000&raw_data=true"
# Step 2: which secrets are there
wrangler secret list --name "$WORKER"
# Step 3: what is deployed, and what it is bound to
wrangler deployments list --name "$WORKER"
wrangler versions list --name "$WORKER" --json >versions.json
id=$(python -c 'import json; print(json.load(open("versions.json"))[-1]["id"])')
wrangler versions view "$id" --name "$WORKER"
curl -sS --fail -H "$bearer" "$api/workers/scripts/$WORKER/schedules"
# Step 4: health
curl -sS --fail "$URL/health"
# Step 7: what is stored, and whether it can be read
curl -sS --fail -H "$bearer" "$api/r2/buckets/$BUCKET/objects?prefix=timeseries/$SITE/" >objects.json
for key in $(python -c 'import json; print(*[item["key"] for item in json.load(open("objects.json"))["result"]])'); do
  wrangler r2 object get "$BUCKET/$key" --remote --pipe | gunzip | tail -n 1
done
