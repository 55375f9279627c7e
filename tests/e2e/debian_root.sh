#!/usr/bin/env bash
# Writes a bare Debian root as a tar on standard output: the packages that every Debian has (Essential, the C library), and those that are
# named, with the libraries they load. Made from this machine's own files, so no mirror is needed.
#   tests/e2e/debian_root.sh [PACKAGE...]
set -euo pipefail
essential=$(dpkg-query -W -f '${Essential} ${Package}\n' | sed -n 's/^yes //p')
files=$(dpkg -L $essential libc6 libgcc-s1 "$@" | grep -Ev '^/(\.|usr/share/(doc|man|locale|info|zoneinfo|i18n|lintian)(/.*)?)$' | sort -u)
# What a package has may be somewhere else by now (diverted), or gone.
present=$(while read -r file; do [[ ! -e $file ]] || printf '%s\n' "$file"; done <<<"$files")
programs=$(while read -r file; do [[ ! -f $file || ! -x $file || $file == *.so* ]] || printf '%s\n' "$file"; done <<<"$present")
libraries=$({ ldd $programs 2>/dev/null || true; } | sed -nE 's/^.* => (\/[^ ]+) .*$/\1/p; s/^\t(\/[^ ]+) \(0x.*$/\1/p' | sort -u)
links=/usr/bin/awk
# 1 from tar: a folder such as /tmp changed meanwhile.
printf '%s\n' "$present" $libraries $links /etc/passwd /etc/group | sort -u | sed 's|^/||' |
  tar -C / --dereference --hard-dereference --no-recursion --files-from - -cf - || (($? == 1))
