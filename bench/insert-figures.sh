#!/usr/bin/env bash
# bench/insert-figures.sh FILE TABLE: replaces the text between FILE's two figure markers with TABLE.
set -euo pipefail
file=$1 table=$2
grep -q '^<!-- figures: begin' "$file" && grep -q '^<!-- figures: end' "$file" || { echo "$file has no figure markers" >&2; exit 1; }
awk -v table="$table" '
    /^<!-- figures: end/ { inside = 0 }
    !inside { print }
    /^<!-- figures: begin/ { inside = 1; while ((getline line < table) > 0) print line }
' "$file" > "$file.new"
mv "$file.new" "$file"
echo "Wrote the figures into $file."
