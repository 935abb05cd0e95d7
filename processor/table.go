package processor

import (
	"slices"
	"strings"
)

// kind is a processor by name: what it is told, and how it is made. It stands
// beside the processor's code.
type kind struct {
	Info
	build func(*options) action // nil when the status says that there is nothing to build
}

// kinds are all of them, in the order of their names.
var kinds = sorted([]*kind{
	&addFieldsKind,
	&addHostMetadataKind,
	&addIDKind,
	&addKubernetesMetadataKind,
	&addLabelsKind,
	&addLocaleKind,
	&addPodMetadataKind,
	&addTagsKind,
	&appendKind,
	&convertKind,
	&copyFieldsKind,
	&decodeBase64FieldKind,
	&decodeCSVFieldsKind,
	&decodeJSONFieldsKind,
	&decompressGzipFieldKind,
	&detectMimeTypeKind,
	&dissectKind,
	&dropEventKind,
	&dropFieldsKind,
	&extractArrayKind,
	&fingerprintKind,
	&includeFieldsKind,
	&lowercaseKind,
	&moveFieldsKind,
	&rateLimitKind,
	&registeredDomainKind,
	&renameKind,
	&replaceKind,
	&timestampKind,
	&truncateFieldsKind,
	&uppercaseKind,
	&urldecodeKind,

	without("add_cloud_metadata", "asks the cloud's metadata service; add_fields with variables of the environment says the same"),
	without("add_docker_metadata", "asks the Docker daemon, which a pod's container cannot reach; add_pod_metadata knows the pod"),
	without("add_process_metadata", "asks this container about a process of another one; add_pod_metadata and add_fields say what the pod knows"),

	refused("script", "logcar runs no JavaScript; dissect, replace, convert, timestamp, copy_fields, rename, drop_event and if/then/else do what scripts mostly do"),
	refused("add_cloudfoundry_metadata", "there is no Cloud Foundry in a pod; use add_fields"),
	refused("add_network_direction", "use add_fields with a \"network\" condition"),
	refused("add_nomad_metadata", "there is no Nomad in a pod; use add_fields with variables of the environment"),
	refused("add_observer_metadata", "a log shipper observes no network; use add_host_metadata or add_fields"),
	refused("add_session_metadata", "it is for audit events"),
	refused("cache", "logcar keeps no values from one event for another"),
	refused("community_id", "use Elasticsearch's community_id ingest processor"),
	refused("decode_cef", "use Logstash's cef codec"),
	refused("decode_duration", "use dissect and convert"),
	refused("decode_xml", "use Logstash's xml filter"),
	refused("decode_xml_wineventlog", "there are no Windows events in a pod's files"),
	refused("dns", "logcar asks no name server about events; use Logstash's dns filter"),
	refused("extract_field", "use dissect"),
	refused("now", "@timestamp is when the line was read; use copy_fields"),
	refused("parse_aws_vpc_flow_log", "use dissect"),
	refused("syslog", "use dissect and timestamp"),
	refused("translate_ldap_attribute", "logcar asks no directory about events"),
	refused("translate_sid", "it is for Windows"),
})

func sorted(list []*kind) []*kind {
	slices.SortFunc(list, func(a, b *kind) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func without(name, why string) *kind {
	return &kind{Info: Info{Name: name, Status: NoEffect, Note: why}}
}

func refused(name, instead string) *kind {
	return &kind{Info: Info{Name: name, Status: Refused, Note: instead}}
}

// Table lists all processors that New knows, in the order of their names.
func Table() []Info {
	infos := make([]Info, len(kinds))
	for i, k := range kinds {
		infos[i] = k.Info
	}
	return infos
}

func lookUp(name string) *kind {
	i := slices.IndexFunc(kinds, func(k *kind) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	return kinds[i]
}
