#!/bin/sh
# summary.sh [PRESET]: what the last run of CTest in build/PRESET (default: dev) ran, what of it was
# skipped and why, and a closing line.
set -eu
cd "$(dirname "$0")/.."
log=build/${1:-dev}/Testing/Temporary/LastTest.log
[ -f "$log" ] || { echo "summary.sh: no test has run in build/${1:-dev}" >&2; exit 1; }
awk '
  /^\[ +OK \]/ { passed++ }
  /^\[ +FAILED +\] [A-Za-z0-9_\/.]+ \(/ { failed++; print "failed: " $4 }
  /^\[ RUN +\]/ { reason = "" }
  /Skipped$/ { getline reason }
  /^\[ +SKIPPED +\] [A-Za-z0-9_\/.]+ \(/ { skipped++; print "skipped: " $4 ": " reason }
  END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }
' "$log"
