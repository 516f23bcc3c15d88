# shellcheck shell=bash
# What `uniform`, `test` and `Scripts/setup` share: messages, and progress of a long command. All of it on standard error.

nothing() { :; }

say() { printf '%s\n' "$*" >&2; }

# die STATUS MESSAGE: exit statuses are those of sysexits.h.
die() {
  local status=$1
  shift
  say "error: $*"
  exit "$status"
}

have() { command -v "$1" >/dev/null 2>&1; }

# progress LABEL DETAIL COMMAND…: runs COMMAND, and beside it shows LABEL, the seconds so far and what the
# function DETAIL prints: one line that changes on a terminal, a line now and then elsewhere.
progress() {
  local label=$1 detail=$2 status=0 started=$SECONDS
  shift 2
  report "$label" "$detail" 9>&- & # 9 is a lock that must not outlive this script
  reporter=$!
  trap 'kill "$reporter" 2>/dev/null || true' EXIT
  "$@" || status=$?
  kill "$reporter" 2>/dev/null || true
  wait "$reporter" 2>/dev/null || true
  trap - EXIT
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  if [ "$status" = 0 ]; then say "$label: done in $((SECONDS - started)) s"; fi
  return "$status"
}

report() {
  local label=$1 detail=$2 started=$SECONDS next=0 elapsed
  # Ends by itself if the script that started it was killed.
  while kill -0 $$ 2>/dev/null; do
    elapsed=$((SECONDS - started))
    if [ -t 2 ]; then
      printf '\r\033[K%s… %d s %s' "$label" "$elapsed" "$("$detail")" >&2
    elif [ "$elapsed" -ge "$next" ]; then
      say "$label… $elapsed s $("$detail")"
      next=$((elapsed + 15))
    fi
    sleep 1
  done
}
