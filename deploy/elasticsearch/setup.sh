#!/bin/sh
# Puts policy, pipeline and templates into Elasticsearch; may be run again at any time.
#   ELASTICSEARCH_URL=http://localhost:9200 [CURL_OPTIONS="-u elastic:... --cacert ca.crt"] ./setup.sh
set -eu
cd "$(dirname "$0")"
url=${ELASTICSEARCH_URL:-http://localhost:9200}

# put PATH FILE
put() {
	echo "PUT $1"
	# shellcheck disable=SC2086 # the options are several words
	curl ${CURL_OPTIONS:-} --silent --show-error --fail-with-body --request PUT "$url/$1" \
		--header 'Content-Type: application/json' --data-binary "@$2"
	echo
}

# A cluster that is still starting is waited for.
# shellcheck disable=SC2086
curl ${CURL_OPTIONS:-} --silent --show-error --fail --output /dev/null --retry 60 --retry-delay 5 --retry-all-errors \
	"$url/_cluster/health?wait_for_status=yellow&timeout=60s"

put _ilm/policy/applog ilm-policy.json
put _ingest/pipeline/applog ingest-pipeline.json
put _component_template/applog-lifecycle component-lifecycle.json
put _component_template/applog-settings component-settings.json
put _component_template/applog-mappings component-mappings.json
put _index_template/applog index-template.json
