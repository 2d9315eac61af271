# The same by curl, which can sign.

handler() {
    path=$(sed -n 's/.*"path": *"\([^"]*\)".*/\1/p')
    status=$(curl -sS -o "$answer.body" -w '%{http_code}' \
        --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
        --aws-sigv4 "aws:amz:$AWS_REGION:s3" "$AWS_ENDPOINT_URL$path")
    printf '[%s,"%s"]' "$status" "$(sed 's/"/\\"/g' "$answer.body" | tr -d '\n')"
}
