# Refuses debug options that print secrets, or write them to files: docs/secrets.md. The scripts source it before anything else.
# shellcheck shell=bash

refuse_debug_option() {
  printf '%s: %s prints secrets. Next: %s (docs/secrets.md)\n' "$(basename "$0")" "$1" "$2" >&2
  exit 2
}

case $- in
  *x*)
    { set +x; } 2>/dev/null
    refuse_debug_option "bash -x (SHELLOPTS=xtrace)" "unset it, and run the script without -x"
    ;;
esac

for name in $(compgen -e); do
  case $name in
    TF_LOG | TF_LOG_*) ;;                               # Cloudflare's plugin
    PULUMI_DEBUG_GRPC | PULUMI_LOG_OTLP_ENDPOINT) ;;    # the engine: its messages to the plugins, and its log
    PULUMI_OPTION_DEBUG | PULUMI_OPTION_VERBOSE) ;;     # the engine: the options --debug, -v …
    PULUMI_OPTION_LOGTOSTDERR | PULUMI_OPTION_LOGFLOW) ;;
    PULUMI_OPTION_TRACING | PULUMI_OPTION_OTEL_TRACES) ;;
    PULUMI_OPTION_SHOW_SECRETS) ;;
    GRPC_TRACE) ;;                                      # the language host
    GODEBUG) [[ $GODEBUG == *http2debug* ]] || continue ;; # any program in Go: the headers of its requests
    MINIFLARE_WORKERD_CONFIG_DEBUG) ;;                  # the local Cloudflare: the secrets of its workers
    *) continue ;;
  esac
  case ${!name} in
    "" | 0 | false | off | OFF) continue ;;
  esac
  refuse_debug_option "$name" "unset $name"
done
unset name
