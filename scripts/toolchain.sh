# The pinned toolchain and where it lives; sourced by the other scripts, never run.
# Everything is under .tools/ of this checkout, so removing the checkout removes it.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=${MYPAAS_TOOLS:-$ROOT/.tools}

DENO_VERSION=2.6.10
VEGETA_VERSION=12.13.0
TRAEFIK_VERSION=3.7.15
TRAEFIK_IMAGE=traefik:v$TRAEFIK_VERSION
BUSYBOX_IMAGE=busybox:latest

# denort is the runtime that `deno compile` puts in front of a program. Its length (bytes) and SHA-256 for each machine:
# the same file ends every program that Deno 2.6.10 compiled, so it can be cut out of one.
case $(uname -m) in
  x86_64) DENORT_SIZE=92183912 DENORT_SHA256=1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2 ;;
  aarch64) DENORT_SIZE=86015072 DENORT_SHA256=ee39b54b2f465eae3f1dd3d79495e1ef957fae69ff4f6ad118499986b714d494 ;;
esac

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

# wait_for SECONDS COMMAND...: polls every 0.1 s until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

has_deno() { [[ -x $TOOLS/bin/deno && $("$TOOLS/bin/deno" --version 2>/dev/null) == "deno $DENO_VERSION "* ]]; }
docker_answers() { curl -sf --max-time 5 --unix-socket $DOCKER_SOCKET http://docker/_ping >/dev/null 2>&1; }
has_image() { curl -sf --max-time 5 --unix-socket $DOCKER_SOCKET -o /dev/null "http://docker/images/$1/json"; }
