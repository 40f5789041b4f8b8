# The common part of scripts/preview, scripts/deploy, scripts/drift and scripts/verify, which source it at the top of the checkout.
# Sets STACK, PATH and a temporary folder in $work, and defines the functions below.
# shellcheck shell=bash

# shellcheck source=review/github/debug_options.sh
source review/github/debug_options.sh

say() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
}

# The scripts take variables only. An argument is refused, so that `scripts/deploy staging` never deploys another stack.
case "${1:-}" in
  "") ;;
  -h | --help)
    sed -n '2,/^set /s/^# //p' "scripts/$(basename "$0")"
    exit 0
    ;;
  *)
    say "'$1': it takes variables and no arguments. Next: STACK=NAME scripts/$(basename "$0"), or --help"
    exit 2
    ;;
esac

secrets=(
  CLOUDFLARE_API_TOKEN OPERATOR_TOKEN ACE_API_KEY GITHUB_TOKEN NOTIFY_URL HEARTBEAT_URL
  PULUMI_ACCESS_TOKEN PULUMI_CONFIG_PASSPHRASE
  AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  AZURE_STORAGE_KEY AZURE_STORAGE_SAS_TOKEN GOOGLE_CREDENTIALS GOOGLE_APPLICATION_CREDENTIALS
  ACTIONS_ID_TOKEN_REQUEST_TOKEN VAULT_SERVER_TOKEN OP_SERVICE_ACCOUNT_TOKEN
)

# An absent secret or variable reaches a step as an empty one, and some readers take "" for a value.
for name in "${secrets[@]}" PULUMI_BACKEND_URL AZURE_STORAGE_ACCOUNT STATE_FILE; do
  if [ -z "${!name:-}" ]; then
    unset "$name"
  fi
done

STACK="${STACK:-${PULUMI_STACK:-}}"
if [ -z "$STACK" ]; then
  say "STACK is not set. Next: STACK=NAME scripts/$(basename "$0"). \`pulumi stack ls\` lists the names"
  exit 2
fi

# Set-up runs code of packages, which needs no secret.
unset_all=()
for name in "${secrets[@]}"; do
  unset_all+=(-u "$name")
done
env "${unset_all[@]}" scripts/setup --production >&2
PATH="$PWD/.venv/bin:$(.venv/bin/python -c 'from toolchain import engine; print(engine.find())'):$PATH"
export PATH
export PULUMI_SKIP_UPDATE_CHECK=true

work="$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/ci.XXXXXX")"
trap 'rm -rf "$work"' EXIT

# The options of the checks about the state that was told. Without STATE_FILE it is kept in the home directory.
told=(--stack "$STACK")
if [ -n "${STATE_FILE:-}" ]; then
  told+=(--state "$STATE_FILE")
fi

# drop_work: removes the temporary folder, for a script that is replaced by another program.
drop_work() {
  trap - EXIT
  rm -rf "$work"
}

# need_token: ends the script where Cloudflare's token is missing.
need_token() {
  if [ -z "${CLOUDFLARE_API_TOKEN:-}" ]; then
    say "CLOUDFLARE_API_TOKEN is not set. Next: export CLOUDFLARE_API_TOKEN, or in CI set it as a secret: docs/ci.md"
    exit 1
  fi
}

# ask_first: asks once for token, account and API, because the provider retries for minutes before it fails. Sets $refused to the
# one line about the mistake, or to nothing.
ask_first() {
  refused=""
  if ! refused="$(python -m checks preflight --stack "$STACK" 2>&1)"; then
    refused="${refused#error: }"
    return 1
  fi
  refused=""
}

# summary FILE: appends it to the step's summary, which GitHub drops when it is over 1 MiB. Elsewhere it goes to the terminal.
summary() {
  if [ -z "${GITHUB_STEP_SUMMARY:-}" ]; then
    cat "$1"
  elif [ "$(cat "$GITHUB_STEP_SUMMARY" "$1" 2>/dev/null | wc -c)" -ge 1048000 ]; then
    printf '\n*A part is left out because of GitHub'"'"'s limit. The log has it.*\n' >>"$GITHUB_STEP_SUMMARY"
    cat "$1"
  else
    { cat "$1"; printf '\n'; } >>"$GITHUB_STEP_SUMMARY"
  fi
}

# markdown FILE: appends the report of the checks to the step's summary. Elsewhere their text is on the terminal already.
markdown() {
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -s "$1" ]; then
    summary "$1"
  fi
}

# picture FILE: appends a text to the step's summary as it is. Elsewhere it goes to the terminal.
picture() {
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    { printf '### The stored days\n\n````text\n'; cat "$1"; printf '````\n'; } >"$1.md"
    summary "$1.md"
  else
    cat "$1"
  fi
}

# review: previews the stack and writes the comment to $work/review.md and its labels to $work/labels.
# $reviewed is 0 (no change), 2 (changes) or 1 (error).
review() {
  local previewed=0
  pulumi preview --json --non-interactive --stack "$STACK" >"$work/preview.json" || previewed=$?
  python -m review.github diagnostics --file "$work/preview.json"
  comment_on "$work/preview.json"
  if [ "$previewed" -ne 0 ] && [ "$reviewed" -ne 1 ]; then
    comment_on /dev/null # a failed preview is never read as "no change", even if it is almost complete
    reviewed=1
  fi
}

comment_on() {
  reviewed=0
  python -m review --detailed-exitcode --stack "$STACK" --labels "$work/labels" <"$1" >"$work/review.md" || reviewed=$?
  case $reviewed in
    0 | 1 | 2) ;;
    *) reviewed=1 ;;
  esac
}
