# The pinned toolchain and where it lives; sourced by the other scripts, never run.
# Everything is under .tools/ of this checkout, so removing the checkout removes it.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=${MYPAAS_TOOLS:-$ROOT/.tools}

DENO_VERSION=2.6.10
VEGETA_VERSION=12.13.0
TRAEFIK_VERSION=3.7.15
TRAEFIK_IMAGE=traefik:v$TRAEFIK_VERSION
BUSYBOX_IMAGE=busybox:latest

export DENO_DIR=$TOOLS/deno-cache
export DENO_TLS_CA_STORE=system
export DENO_NO_UPDATE_CHECK=1
export PATH=$TOOLS/bin:$PATH
# Set by hand: respected. Else what setup cut out, else Deno downloads it by itself.
if [[ -z ${DENORT_BIN:-} && -x $TOOLS/denort ]]; then export DENORT_BIN=$TOOLS/denort; fi

DOCKER_SOCKET=/var/run/docker.sock

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# as_root COMMAND...: with sudo only where it is needed.
as_root() {
  if [[ $EUID == 0 ]]; then "$@"; else sudo "$@"; fi
}

# install_packages NAME...: Debian's packages.
apt_updated=false
install_packages() {
  command -v apt-get >/dev/null || die "cannot install $*: this machine has no apt-get. Install them by hand and run it again"
  local log
  log=$(mktemp)
  if ! $apt_updated; then
    as_root apt-get update -q >"$log" 2>&1 || die "apt-get update failed: $(tail -3 "$log")"
    apt_updated=true
  fi
  say "installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" >"$log" 2>&1 ||
    die "apt-get install $* failed: $(tail -3 "$log")"
  rm -f "$log"
}

# need COMMAND PACKAGE: the package is installed only where the command is missing.
need() { command -v "$1" >/dev/null || install_packages "$2"; }

# wait_for SECONDS COMMAND...: polls every 0.1 s until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

reachable() { curl -sfIL --connect-timeout 4 --max-time 10 -o /dev/null "$1"; }
has_deno() { [[ -x $TOOLS/bin/deno && $("$TOOLS/bin/deno" --version 2>/dev/null) == "deno $DENO_VERSION "* ]]; }
docker_answers() { curl -sf --max-time 5 --unix-socket $DOCKER_SOCKET http://docker/_ping >/dev/null 2>&1; }
has_image() { curl -sf --max-time 5 --unix-socket $DOCKER_SOCKET -o /dev/null "http://docker/images/$1/json"; }
