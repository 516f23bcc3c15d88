# shellcheck shell=bash
# libtorch: found where LIBTORCH says, or unpacked from the wheels of libtorch.lock into the user's cache.
# The wheels are unpacked, not installed: what is needed of them is headers and libraries, whatever the Python.

check_libtorch() {
  local header=include/torch/headeronly/version.h version
  [ -f "$LIBTORCH/$header" ] || die 78 "LIBTORCH=$LIBTORCH is not a libtorch: it has no $header"
  version=$(sed -n 's/^ *"\([0-9.]*\)".*/\1/p' "$LIBTORCH/$header" | head -n 1)
  [ "$version" = "$uniform_libtorch_version" ] ||
    die 78 "LIBTORCH=$LIBTORCH is version $version, not $uniform_libtorch_version; unset it to have that one fetched"
  compgen -G "$LIBTORCH/lib/libtorch_cpu.*" >/dev/null || die 78 "LIBTORCH=$LIBTORCH has no lib/libtorch_cpu"
}

fetch_libtorch() {
  local platform wheels hash bytes file downloads="$uniform_cache/downloads" unpacked="$uniform_libtorch.partial"
  platform=$(uname -s)-$(uname -m)
  wheels=$(sed -n "s/^$platform  *//p" "$root/Scripts/libtorch.lock")
  [ -n "$wheels" ] ||
    die 69 "there are no wheels for $platform; build libtorch $uniform_libtorch_version and set LIBTORCH to its folder"
  mkdir -p "$downloads"
  lock "$downloads/lock"
  [ ! -d "$uniform_libtorch" ] || return 0 # another checkout brought it meanwhile

  say "Fetching libtorch $uniform_libtorch_version into $uniform_libtorch (once; it takes 1.1 GB)"
  require_megabytes 1700 "$uniform_cache"
  while read -r hash bytes file; do
    fetch_wheel "$downloads/$file" "$hash" "$bytes"
  done <<<"$wheels"
  rm -rf "$unpacked"
  while read -r hash bytes file; do
    progress "Unpacking ${file%%-*}" no_detail "$uniform_cache/setup.log" \
      unpack_wheel "$downloads/$file" "$unpacked" ||
      die 74 "could not unpack $file into $unpacked"
  done <<<"$wheels"
  mv "$unpacked" "$uniform_libtorch"
  while read -r hash bytes file; do
    rm "$downloads/$file"
  done <<<"$wheels"
}

# Held until this script ends. There is no flock(1) on macOS, and Python is needed here anyway.
lock() {
  exec 9>"$1"
  python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null && return
  say "Waiting for another set-up that is fetching libtorch…"
  python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
}

require_megabytes() {
  local free
  free=$(df -Pm "$2" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$1" ] || die 74 "$2 has $free MB free, and $1 MB are needed; UNIFORM_CACHE can name another folder"
}

# fetch_wheel FILE SHA256 BYTES: goes on where an earlier try was cut off. Needs no network for a FILE that is there.
fetch_wheel() {
  local file=$1 hash=$2 bytes=$3 url
  if [ ! -f "$file" ]; then
    if [ "$(size "$file.partial")" -lt "$bytes" ]; then
      url=$(wheel_url "$(basename "$file")")
      [ -n "$url" ] ||
        die 69 "pip's index does not offer $(basename "$file") (no network?); put that file into $(dirname "$file") and try again"
      partial=$file.partial
      total=$bytes
      progress "Downloading $(basename "${file%%-*}")" downloaded "$uniform_cache/setup.log" \
        download "$url" "$file.partial" ||
        die 69 "the download of $(basename "$file") was cut off; run the same command again to go on from there"
    fi
    mv "$file.partial" "$file"
  fi
  if [ "$(sha256 "$file")" != "$hash" ]; then
    rm "$file"
    die 65 "$(basename "$file") is damaged (its SHA-256 is not the recorded one) and was removed; try again"
  fi
}

# pip knows the user's index, proxy and certificates, and says at this verbosity every link it looks at. Its own
# download cannot go on after a cut.
wheel_url() {
  python3 -m pip index versions "${1%%-*}" -vv --disable-pip-version-check 2>/dev/null |
    grep -o "[a-z]*://[^ #]*/$1" | head -n 1 || true
}

download() {
  local status=0
  curl --silent --show-error --fail --location --retry 5 --connect-timeout 30 --speed-limit 1000 --speed-time 60 \
    --continue-at - --output "$2" "$1" || status=$?
  # 33: the server cannot send a part.
  if [ "$status" = 33 ]; then
    rm "$2"
    curl --silent --show-error --fail --location --output "$2" "$1" || status=$?
  fi
  return "$status"
}

downloaded() { echo ", $(($(size "$partial") / 1000000)) of $((total / 1000000)) MB"; }

size() { if [ -f "$1" ]; then wc -c <"$1"; else echo 0; fi; }

sha256() { { sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; } | cut -d ' ' -f 1; }

# Without what needs a Python or a profiler around it. The libraries all go into one folder, so one path finds them.
unpack_wheel() {
  local wheel=$1 folder=$2
  case $(basename "$wheel") in
    torch-*)
      unzip -qo "$wheel" 'torch/include/*' 'torch/lib/*' '*.dist-info/licenses/*' \
        -x '*/libtorch_python.*' '*/libshm*' '*/libtorch_global_deps.*' -d "$folder" &&
        mv "$folder"/torch/* "$folder" && rmdir "$folder/torch"
      ;;
    *)
      unzip -qoj "$wheel" '*/lib/libcu[dp]*.so.*' -d "$folder/lib"
      ;;
  esac
}

write_pkgconfig() {
  local folder=${uniform_libtorch// /\\ } file=$uniform_pkgconfig/libtorch.pc text
  text="Name: libtorch
Description: PyTorch's C++ libraries
Version: $uniform_libtorch_version
Cflags: -I$folder/include -I$folder/include/torch/csrc/api/include
Libs: -L$folder/lib -ltorch_cpu -lc10"
  if [ ! -f "$file" ] || [ "$(<"$file")" != "$text" ]; then
    mkdir -p "$uniform_pkgconfig"
    printf '%s\n' "$text" >"$file"
  fi
}
