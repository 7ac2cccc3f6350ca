# The parts of scripts/test. Meant to be sourced.
#
# Invariant: what fails is counted and shown, and the rest is still run; `summary` then fails.
# shellcheck shell=bash

passed=0
failed=0
failures=()

say() {
    printf '\n==> %s\n' "$*"
}

# The programs the tests drive, each with the Debian package that has it.
tools=(
    nc.openbsd:netcat-openbsd
    ncat:ncat
    telnet:telnet
    curl:curl
    tmux:tmux
    irssi:irssi
    weechat:weechat-curses
    ii:ii
    python3:python3
    ps:procps
    ss:iproute2
    prlimit:util-linux
    cc:gcc
    chromium:chromium
    node:nodejs
    npm:npm
)

install_missing_tools() {
    local tool missing=()
    for tool in "${tools[@]}"; do
        command -v "${tool%%:*}" >/dev/null 2>&1 || missing+=("${tool#*:}")
    done
    # A library: no command shows that it is there.
    if ! /usr/bin/python3 -c 'import irc.client' >/dev/null 2>&1; then
        missing+=(python3-irc)
    fi
    # Rust calls cc to link, and cc is of no use without C's own files.
    if [ ! -e /usr/include/stdlib.h ]; then
        missing+=(libc6-dev)
    fi
    install_packages "${missing[@]}"
    for tool in "${tools[@]}"; do
        if ! command -v "${tool%%:*}" >/dev/null 2>&1; then
            echo "${tool%%:*} is still missing after installing ${tool#*:}." >&2
            exit 1
        fi
    done
    if ! /usr/bin/python3 -c 'import irc.client' >/dev/null; then
        echo "Python's library irc is still missing after installing python3-irc." >&2
        exit 1
    fi
}

# install_packages PACKAGE...: from Debian's archive; nothing, if none is named.
install_packages() {
    if [ $# -eq 0 ]; then
        return
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo)
    fi
    say "Installing what the tests need and is missing: $*"
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "This is not Debian: install the above by hand, then run this again." >&2
        exit 1
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# What the page is checked with, in the versions that crates/page/package.json names. The page itself
# needs none of it.
install_page_tools() {
    local stamp=crates/page/node_modules/.installed
    if [ "$stamp" -nt crates/page/package.json ]; then
        return
    fi
    say "Installing what the page is checked with"
    npm install --prefix crates/page --no-package-lock --ignore-scripts --no-audit --no-fund \
        --loglevel=error
    touch "$stamp"
}

# rustup's minimal profile comes without these two.
install_missing_components() {
    local component missing=()
    for component in fmt:rustfmt clippy:clippy; do
        cargo "${component%%:*}" --version >/dev/null 2>&1 || missing+=("${component#*:}")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    say "Installing what the checks need and is missing: ${missing[*]}"
    if ! command -v rustup >/dev/null 2>&1; then
        echo "There is no rustup here: install the above by hand, then run this again." >&2
        exit 1
    fi
    rustup component add "${missing[@]}"
}

# check NAME COMMAND...: one check, which counts as one test.
check() {
    local name=$1
    shift
    say "$name: $*"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures+=("$name")
    fi
}

# run_tests NAME COMMAND...: a runner, whose own summary lines are added up.
run_tests() {
    local name=$1 log status=0 counted_failed
    shift
    say "$name: $*"
    log=$(mktemp)
    "$@" 2>&1 | tee "$log" || status=$?
    # nextest: "Summary [ 12.3s] 10 tests run: 9 passed (1 slow), 1 failed, 0 skipped".
    # cargo test: "test result: ok. 9 passed; 1 failed; 0 ignored; ..." once for each crate.
    # node: "ℹ pass 9" and so on, a line for each; a test that is cancelled has not passed.
    local plain
    plain=$(sed -E 's/\x1b\[[0-9;]*m//g; s/^(ℹ|#) (pass|fail|cancelled) ([0-9]+)$/node: \3 \2/' "$log" |
        grep -E '^ *Summary \[|^test result:|^node:' || true)
    passed=$((passed + $(count "$plain" 'pass(ed)?\b')))
    counted_failed=$(($(count "$plain" 'fail(ed)?\b') + $(count "$plain" 'timed out') + $(count "$plain" cancelled)))
    # It may fail without a failed test: it did not build, or found nothing to run.
    if [ "$status" -ne 0 ] && [ "$counted_failed" -eq 0 ]; then
        counted_failed=1
    fi
    if [ "$counted_failed" -gt 0 ]; then
        failures+=("$name")
    fi
    failed=$((failed + counted_failed))
    rm -f "$log"
}

# count TEXT WORD: the sum of all numbers that stand before WORD.
count() {
    { grep -oE "[0-9]+ $2" <<<"$1" || true; } | awk '{ sum += $1 } END { print sum + 0 }'
}

summary() {
    echo
    if [ "$failed" -gt 0 ]; then
        echo "failed: ${failures[*]}"
    fi
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
