#!/bin/sh
# Imports the data view, searches and dashboards; may be run again at any time, and overwrites them then.
#   KIBANA_URL=http://localhost:5601 [CURL_OPTIONS="-u elastic:... --cacert ca.crt"] ./import.sh
set -eu
cd "$(dirname "$0")"
url=${KIBANA_URL:-http://localhost:5601}

# call CURL-ARGUMENT...
call() {
	# shellcheck disable=SC2086 # the options are several words
	curl ${CURL_OPTIONS:-} --silent --show-error "$@"
}

# A Kibana that is still starting is waited for, five minutes at most.
tries=0
until call --fail --output /dev/null "$url/api/status"; do
	tries=$((tries + 1))
	[ "$tries" -lt 60 ] || exit 1
	sleep 5
done

answer=$(call --request POST "$url/api/saved_objects/_import?overwrite=true" --header 'kbn-xsrf: true' --form file=@applog.ndjson)
echo "$answer"
# Kibana answers 200 also when it took only a part.
case $answer in
*'"success":true'*) ;;
*) exit 1 ;;
esac
