# shellcheck shell=bash
# What `uniform`, `test` and `Scripts/setup` share. All messages go to standard error; standard output is the program's.

say() { printf '%s\n' "$*" >&2; }

# die STATUS MESSAGE: exit statuses are those of sysexits.h.
die() {
  local status=$1
  shift
  say "error: $*"
  exit "$status"
}

have() { command -v "$1" >/dev/null 2>&1; }

# progress LABEL DETAIL LOG COMMAND…: runs COMMAND with its output in LOG, whose end is shown if it fails. Meanwhile
# LABEL, the seconds so far and what the function DETAIL prints make one changing line on a terminal, and a line now
# and then elsewhere.
progress() {
  local label=$1 detail=$2 log=$3 status=0 started=$SECONDS
  shift 3
  report_progress "$label" "$detail" "$log" 9>&- & # 9 may be a lock, which must not outlive this script
  reporter=$!
  trap 'kill "$reporter" 2>/dev/null || true' EXIT
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$reporter" 2>/dev/null || true
  wait "$reporter" 2>/dev/null || true
  trap - EXIT
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  if [ "$status" = 0 ]; then
    say "$label: $((SECONDS - started)) s"
  else
    tail -n 30 "$log" >&2
    say "($label failed after $((SECONDS - started)) s; all of the output is in $log)"
  fi
  return "$status"
}

report_progress() {
  local label=$1 detail=$2 log=$3 started=$SECONDS next=1 elapsed
  # Ends by itself if the script that started it was killed.
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    elapsed=$((SECONDS - started))
    if [ -t 2 ]; then
      printf '\r\033[K%s… %d s%s' "$label" "$elapsed" "$("$detail" "$log")" >&2
    elif [ "$elapsed" -ge "$next" ]; then
      say "$label… $elapsed s$("$detail" "$log")"
      next=$((elapsed + 15))
    fi
  done
}

no_detail() { :; }

# The step that SwiftPM last wrote: [12/345]
build_step() { tail -n 20 "$1" | grep -o '^\[[0-9]*/[0-9]*\]' | tail -n 1 | sed 's/^/ /' || true; }

# A package is known by its folder's name, and that of the server lies in `Server`.
check_checkout_name() {
  case ${1##*/} in
    [Ss][Ee][Rr][Vv][Ee][Rr]) die 69 "the server cannot be built in a checkout whose folder is called '${1##*/}'; rename it" ;;
  esac
}
