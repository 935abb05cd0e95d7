#!/bin/sh
# Puts policy, pipeline and templates into Elasticsearch; may be run again at any time.
#   ELASTICSEARCH_URL=http://localhost:9200 [CURL_OPTIONS="-u elastic:... --cacert ca.crt"] ./setup.sh
# For OpenSearch, which has other policies and calls runtime fields derived: OPENSEARCH=true
set -eu
cd "$(dirname "$0")"
url=${ELASTICSEARCH_URL:-http://localhost:9200}

# call CURL-ARGUMENT...
call() {
	# shellcheck disable=SC2086 # the options are several words
	curl ${CURL_OPTIONS:-} --silent --show-error "$@"
}

# put PATH CURL-DATA
put() {
	answer=$(call --request PUT "$url/$1" --header 'Content-Type: application/json' --data-binary "$2" --write-out ' %{http_code}')
	echo "PUT $1: $answer"
	case $answer in
	*' 200') ;;
	*) exit 1 ;;
	esac
}

# A cluster that is still starting is waited for, five minutes at most.
tries=0
until call --fail --output /dev/null "$url/_cluster/health?wait_for_status=yellow&timeout=5s"; do
	tries=$((tries + 1))
	[ "$tries" -lt 60 ] || exit 1
	sleep 5
done

if [ "${OPENSEARCH:-false}" = true ]; then
	put _component_template/applog-lifecycle '{"template": {}}'
	put _component_template/applog-mappings "$(sed 's/"runtime":/"derived":/' component-mappings.json)"
else
	put _ilm/policy/applog @ilm-policy.json
	put _component_template/applog-lifecycle @component-lifecycle.json
	put _component_template/applog-mappings @component-mappings.json
fi
put _ingest/pipeline/applog @ingest-pipeline.json
put _component_template/applog-settings @component-settings.json
put _index_template/applog @index-template.json
