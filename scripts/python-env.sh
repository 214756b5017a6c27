#!/usr/bin/env bash
# Makes a Python environment for tests: scripts/python-env.sh [NAME] installs e2e/python/NAME.txt (default: requirements) into .cache/python[-NAME] and prints the folder.
# A set whose packages do not get along with the others gets a file and a NAME of its own. Run again, it installs only when the file has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-requirements}
list="e2e/python/$name.txt"
[ -f "$list" ] || { echo "python-env: $list does not exist" >&2; exit 2; }
folder="$PWD/.cache/python"
[ "$name" = requirements ] || folder="$folder-$name"
if [ ! -f "$folder/installed.txt" ] || ! cmp -s "$list" "$folder/installed.txt"; then
  [ -x "$folder/bin/python" ] || python3 -m venv "$folder" >&2 || { echo "python-env: python3 with its venv module is needed (Debian: python3-venv)" >&2; exit 1; }
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$list" >&2
  cp "$list" "$folder/installed.txt"
fi
echo "$folder"
