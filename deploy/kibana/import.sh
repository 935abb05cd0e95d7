#!/bin/sh
# Imports the data view, searches and dashboards; may be run again at any time, and overwrites them then.
#   KIBANA_URL=http://localhost:5601 [CURL_OPTIONS="-u elastic:... --cacert ca.crt"] ./import.sh
set -eu
cd "$(dirname "$0")"
url=${KIBANA_URL:-http://localhost:5601}

# A Kibana that is still starting is waited for.
# shellcheck disable=SC2086 # the options are several words
curl ${CURL_OPTIONS:-} --silent --show-error --fail --output /dev/null --retry 60 --retry-delay 5 --retry-all-errors "$url/api/status"

# shellcheck disable=SC2086
answer=$(curl ${CURL_OPTIONS:-} --silent --show-error --fail-with-body --request POST \
	"$url/api/saved_objects/_import?overwrite=true" --header 'kbn-xsrf: true' --form file=@applog.ndjson)
echo "$answer"
# Kibana answers 200 also when it took only a part.
case $answer in
*'"success":true'*) ;;
*) exit 1 ;;
esac
