# shellcheck shell=bash
# Source this (bash or zsh) and `swift build`, `swift test` and what they build find libtorch.
# SwiftPM drops `-Wl,-rpath` from .pc files, so the library path has to be in the environment.

uniform_libtorch_version=2.11.0
# Without HOME this is no absolute path, which Scripts/setup refuses.
uniform_cache=${UNIFORM_CACHE:-${XDG_CACHE_HOME:-${HOME:-.}/.cache}/uniform}
uniform_libtorch=${LIBTORCH:-$uniform_cache/libtorch-$uniform_libtorch_version}
# One .pc per libtorch, since checkouts that share the cache may each name another LIBTORCH.
uniform_pkgconfig=$uniform_cache/pkgconfig/${uniform_libtorch//[^A-Za-z0-9.-]/_}

# prepend VARIABLE FOLDER, once however often this file is sourced.
uniform_prepend() {
  local current
  eval "current=\${$1:-}"
  case ":$current:" in
    *":$2:"*) ;;
    *) export "$1=$2${current:+:$current}" ;;
  esac
}

uniform_prepend PKG_CONFIG_PATH "$uniform_pkgconfig"
case $OSTYPE in
  darwin*)
    uniform_prepend DYLD_LIBRARY_PATH "$uniform_libtorch/lib"
    uniform_prepend CPATH /opt/homebrew/include
    uniform_prepend LIBRARY_PATH /opt/homebrew/lib
    ;;
  *) uniform_prepend LD_LIBRARY_PATH "$uniform_libtorch/lib" ;;
esac
unset -f uniform_prepend
# libtorch's threads wait by spinning unless told otherwise: on a machine that is busy with other things, two threads
# are then many times slower than one. It has to be known when the process starts.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
