#!/usr/bin/env bash
# Prometheus and Alertmanager for tests: what is installed here, or Debian's packages, unpacked into a cache without root.
#
#   servers.sh check   names what is missing here, if anything (exit 4)
#   servers.sh fetch   unpacks the packages, once, and prints where each program is: prometheus, promtool, alertmanager
set -euo pipefail

: "${ALERTMANAGER_HOME_DIR:=${XDG_CACHE_HOME:-$HOME/.cache}/assay-alertmanager}"
packages=(prometheus prometheus-alertmanager)
root=$ALERTMANAGER_HOME_DIR/root
bin=$root/usr/bin

fail() {
  printf 'alertmanager: %s\n' "$1" >&2
  exit "${2:-1}"
}

# Debian names it otherwise than its makers do.
installed() { command -v prometheus && command -v promtool && { command -v prometheus-alertmanager || command -v alertmanager; }; }

unpacked() { printf '%s\n' "$bin/prometheus" "$bin/promtool" "$ALERTMANAGER_HOME_DIR/alertmanager"; }

have_unpacked() { [[ -x $bin/prometheus && -x $bin/promtool && -x $bin/prometheus-alertmanager ]]; }

check() {
  installed >/dev/null 2>&1 && return
  have_unpacked && return
  local missing=() package
  command -v apt-get >/dev/null || missing+=('apt-get')
  command -v dpkg >/dev/null || missing+=('dpkg')
  unshare --map-root-user --mount true 2>/dev/null || missing+=('a mount of one'"'"'s own (unshare)')
  if [[ ${#missing[@]} -eq 0 ]]; then
    for package in "${packages[@]}"; do
      [[ $(LC_ALL=C apt-cache policy "$package" 2>/dev/null) == *'Candidate: '[0-9]* ]] || missing+=("the package $package")
    done
  fi
  [[ ${#missing[@]} -eq 0 ]] && return
  local list
  list=$(printf ', %s' "${missing[@]}")
  fail "neither installed nor to be had here: ${list:2}" 4
}

# Moved into its place last: what is there is whole.
fetch() {
  installed 2>/dev/null && return
  if ! have_unpacked; then
    check
    local part=$ALERTMANAGER_HOME_DIR/part.$$
    mkdir -p "$part/root"
    (cd "$part" && apt-get download -qq "${packages[@]}" >"$part/log" 2>&1) || fail "apt-get download failed: $(tail -1 "$part/log")" 4
    local package
    for package in "$part"/*.deb; do dpkg -x "$package" "$part/root"; done
    rm -rf "$ALERTMANAGER_HOME_DIR/root"
    mv "$part/root" "$ALERTMANAGER_HOME_DIR/root"
    rm -rf "$part"
  fi
  wrap >"$ALERTMANAGER_HOME_DIR/alertmanager.part"
  chmod +x "$ALERTMANAGER_HOME_DIR/alertmanager.part"
  mv "$ALERTMANAGER_HOME_DIR/alertmanager.part" "$ALERTMANAGER_HOME_DIR/alertmanager"
  unpacked
}

# Debian's looks for its templates in /usr/share, and nowhere else: it is shown the unpacked one, without root.
wrap() {
  cat <<END
#!/bin/sh
exec unshare --map-root-user --mount sh -c 'mount --bind "\$0" /usr/share && exec "\$@"' '$root/usr/share' '$bin/prometheus-alertmanager' "\$@"
END
}

case ${1:-} in
  check | fetch) "$1" ;;
  *)
    sed -n '2,/^set /p' "${BASH_SOURCE[0]}" | grep '^#' | cut -c3- >&2
    exit 2
    ;;
esac
