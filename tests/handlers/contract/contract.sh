# The handlers of the contract, for a shell.

calls=0

echo_event() {
    cat
}

nothing() {
    printf null
}

raises() {
    printf '{"errorMessage":"boom","errorType":"ValueError"}'
    return 1
}

sleeps_once() {
    calls=$((calls + 1))
    kept=true
    if [ ! -e "$TMPDIR/kept" ]; then
        kept=false
        touch "$TMPDIR/kept"
        sleep 3
    fi
    printf '{"calls":%s,"kept":%s,"stream":"%s"}' "$calls" "$kept" "$AWS_LAMBDA_LOG_STREAM_NAME"
}

exits() {
    exit "$(tr -dc 0-9)"
}

oversized() {
    head -c 6291557 /dev/zero | tr '\0' x
}

says() {
    echo "grün 1" >&2
    echo "two" >&2
    printf '"said"'
}
