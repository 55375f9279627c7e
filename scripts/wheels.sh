# What the Python registry carries for us, pinned by SHA-256 in toolchain.txt; sourced by setup and release, after toolchain.sh.
# $scratch is a folder for downloads, which its owner removes.
scratch=
trap '[[ -z $scratch ]] || rm -rf "$scratch"' EXIT
scratch_dir() { [[ -n $scratch ]] || { mkdir -p "$TOOLS"; scratch=$(mktemp -d "$TOOLS/scratch.XXXXXX"); }; }

# from_registry REQUIREMENT [MACHINE]: unpacks the pinned wheel, of another machine if wanted; prints its one big file.
from_registry() {
  local folder=$scratch/$1-${2:-here} platforms=() glibc
  for glibc in ${2:+manylinux2014 manylinux_2_17 manylinux_2_27 manylinux_2_28}; do platforms+=(--platform "${glibc}_$2"); done
  mkdir -p "$folder"
  grep "^$1==" "$ROOT/scripts/toolchain.txt" >"$folder/pinned.txt"
  python3 -m pip download -q --no-deps --only-binary :all: --require-hashes "${platforms[@]}" -d "$folder" -r "$folder/pinned.txt" >&2 ||
    die "cannot download $1: neither the official source nor the Python registry answers"
  python3 -m zipfile -e "$folder"/*.whl "$folder/x"
  find "$folder/x" -type f -size +50M | head -1
}
need_pip() { python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip; }

# cut_denort MACHINE FILE: denort is the runtime that `deno compile` puts in front of a program. The same file begins every
# program that Deno 2.6.10 compiled for that machine, so it is cut out of one: its length in bytes and SHA-256 are pinned.
cut_denort() {
  local size sha256
  case $1 in
    x86_64) size=92183912 sha256=1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2 ;;
    aarch64) size=86015072 sha256=ee39b54b2f465eae3f1dd3d79495e1ef957fae69ff4f6ad118499986b714d494 ;;
    *) die "no denort is known for the processor $1: set DENORT_BIN" ;;
  esac
  scratch_dir
  need_pip
  local program
  program=$(from_registry bids_validator_deno "$1")
  head -c "$size" "$program" >"$scratch/denort"
  echo "$sha256  $scratch/denort" | sha256sum --quiet -c - || die "denort of $1 does not have the pinned SHA-256"
  chmod 755 "$scratch/denort"
  mv "$scratch/denort" "$2"
}
