# Runs a bench with the program of this checkout; sourced by the scripts beside it: run.sh FILE.ts [OPTION...]
source "$(dirname "${BASH_SOURCE[0]}")/../toolchain.sh"
cd "$ROOT"
scripts/setup >&2
scripts/setup_tests >&2
scripts/compile >&2
exec deno run --quiet --allow-all "scripts/bench/$1" "${@:2}"
