#!/bin/sh
# Installs mypaas:   curl -fsSL URL/install.sh | sh
# As root into /usr/local/bin, else for you alone into ~/.local/bin. What changes that:
#   MYPAAS_VERSION=0.2.0      this version instead of the newest
#   MYPAAS_INSTALL_DIR=DIR    another folder
#   MYPAAS_RELEASES=URL       another place to download from: https, or a folder as file:///media/usb
# Nothing happens before the last line: a script that was cut off on its way does nothing.

# Where the releases are; scripts/release fills it in.
RELEASES=''

# fail WHY [HINT]
fail() {
  printf 'error: Cannot install mypaas: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf 'hint:  %s\n' "$2" >&2
  exit 1
}

# get URL FILE
get() {
  code=0
  scheme=${1%%:*}
  curl -fsSL --proto "=$scheme" --proto-redir "=$scheme" --connect-timeout 20 --speed-limit 100 --speed-time 60 \
    -o "$2" "$1" 2>"$work/curl" || code=$?
  case $code in
    0) ;;
    6 | 7 | 28) fail "\"$1\" does not answer" "Check that this machine is online, and try again." ;;
    18 | 56 | 92) fail "the download of \"$1\" was cut off" "Try again." ;;
    22 | 37) fail "there is no \"$1\"" "Check the version and the address." ;;
    23) fail "\"$dir\" cannot be written" "Check that the disk is not full: df -h $dir" ;;
    35 | 51 | 60 | 77) fail "the certificate of \"$1\" is not trusted" "On a bare system: apt-get install ca-certificates" ;;
    *) fail "$(cat "$work/curl")" ;;
  esac
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# remember URL: for `mypaas upgrade`.
remember() {
  if [ "$user" = 0 ]; then
    mkdir -p /etc/mypaas && printf '%s\n' "$1" >/etc/mypaas/releases.new && mv -f /etc/mypaas/releases.new /etc/mypaas/releases
  else
    config=${MYPAAS_CONFIG:-${XDG_CONFIG_HOME:-${HOME:-/nowhere}/.config}/mypaas}
    (umask 077 && mkdir -p "$config") && printf '%s\n' "$1" >"$config/releases"
  fi
}

main() {
  set -eu
  for tool in curl gzip mktemp uname; do
    command -v "$tool" >/dev/null || fail "\"$tool\" is not on this machine" "On Debian: apt-get install $tool"
  done
  command -v sha256sum >/dev/null || command -v shasum >/dev/null || fail "\"sha256sum\" is not on this machine"

  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "there is no program for $(uname -s)" "There is one for Linux, and for some releases one for macOS." ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "there is no program for the processor $(uname -m)" "There is one for x86_64 and for aarch64." ;;
  esac

  releases=${MYPAAS_RELEASES:-$RELEASES}
  releases=${releases%/}
  case $releases in
    https://* | file:///* | http://127.0.0.1:* | http://localhost:*) ;;
    '') fail "this script was not told where the releases are" "Set MYPAAS_RELEASES=https://..." ;;
    *) fail "\"$releases\" is no https address" ;;
  esac

  user=$(id -u)
  if [ -n "${MYPAAS_INSTALL_DIR:-}" ]; then
    dir=$MYPAAS_INSTALL_DIR
  elif [ "$user" = 0 ]; then
    dir=/usr/local/bin
  else
    [ -n "${HOME:-}" ] || fail "you are not root, and HOME is not set" "Set MYPAAS_INSTALL_DIR to a folder of yours."
    dir=$HOME/.local/bin
  fi
  mkdir -p "$dir" 2>/dev/null || fail "the folder \"$dir\" cannot be made" "Run it as root, or set MYPAAS_INSTALL_DIR to a folder of yours."
  dir=$(cd "$dir" && pwd)
  [ ! -d "$dir/mypaas" ] || fail "\"$dir/mypaas\" is a folder"
  # In the same folder, so that the last step is a rename.
  work=$(mktemp -d "$dir/.mypaas-XXXXXX" 2>/dev/null) ||
    fail "you may not write to \"$dir\"" "Run it as root, or set MYPAAS_INSTALL_DIR to a folder of yours."
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM

  version=${MYPAAS_VERSION:-}
  if [ -z "$version" ]; then
    get "$releases/VERSION" "$work/VERSION"
    version=$(head -n 1 "$work/VERSION")
  fi
  version=${version#v}
  case $version in
    [0-9]*.[0-9]*.[0-9]*) ;;
    *) fail "\"$version\" is no version" "It looks like 0.2.0." ;;
  esac
  case $version in *[!0-9A-Za-z.-]*) fail "\"$version\" is no version" "It looks like 0.2.0." ;; esac

  file=mypaas-$os-$machine.gz
  get "$releases/$version/SHA256SUMS" "$work/SHA256SUMS"
  wanted=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$file\$/\1/p" "$work/SHA256SUMS")
  [ -n "$wanted" ] || fail "mypaas $version is not there for $os on $machine" "What is there: $releases/$version/SHA256SUMS"
  printf 'downloading mypaas %s for %s on %s\n' "$version" "$os" "$machine" >&2
  get "$releases/$version/$file" "$work/$file"
  found=$(sha256 "$work/$file")
  [ "$found" = "$wanted" ] || fail "the download has the SHA-256 $found, it must be $wanted" "It was damaged or changed on its way: try again."

  gzip -dc "$work/$file" >"$work/mypaas" 2>/dev/null || fail "\"$dir\" cannot be written" "Check that the disk is not full: df -h $dir"
  chmod 755 "$work/mypaas"
  told=$("$work/mypaas" --version 2>&1) ||
    fail "the program does not run here: $(printf '%s\n' "$told" | head -n 1)" "It needs a Linux with glibc, such as Debian or Ubuntu."
  [ "$told" = "$version" ] || fail "the program says that it is \"$told\", not $version"
  # After a power cut the name must not lead to an empty file.
  sync "$work/mypaas" 2>/dev/null || sync
  mv -f "$work/mypaas" "$dir/mypaas"
  remember "$releases" 2>/dev/null || printf 'note: mypaas upgrade will need --from %s\n' "$releases" >&2

  printf 'mypaas %s is %s\n' "$version" "$dir/mypaas" >&2
  command=mypaas
  case :$PATH: in
    *:"$dir":*) ;;
    *)
      command=$dir/mypaas
      printf 'note: your PATH does not have %s\n' "$dir" >&2
      ;;
  esac
  if [ "$user" != 0 ] || [ "$os" != linux ]; then
    printf 'next, with the line that mypaas init or mypaas invite gave you on the server:\n' >&2
    printf '  %s login NAME LINE\n' "$command"
  elif [ -e /etc/mypaas/server.yml ]; then
    printf 'next, so that this server runs it:\n' >&2
    printf '  %s init\n' "$command"
  else
    printf 'next, to make this machine a server (on a laptop: mypaas login NAME LINE):\n' >&2
    printf '  %s init\n' "$command"
  fi
}

main "$@"
