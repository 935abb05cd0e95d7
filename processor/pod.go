package processor

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// addPod is add_pod_metadata, logcar's own: what a pod knows of itself, from the
// environment and from a downwardAPI volume, without asking the API server.
type addPod struct {
	dir                    string // the volume
	account                string // the service account's files
	getenv                 func(string) string
	labels, annotations    keep
	fields                 cached
	stamp                  string // what the volume was when it was read
	environment            map[string]any
	dedotLabels, dedotNote bool
}

// keep says which labels or annotations are added.
type keep struct{ include, exclude []string }

func (k keep) has(name string) bool {
	return !slices.Contains(k.exclude, name) && (len(k.include) == 0 || slices.Contains(k.include, name))
}

// podNote names the variables, so that the table tells them all.
func podNote() string {
	var b strings.Builder
	b.WriteString("Adds what the pod knows of itself, without asking an API server: labels and annotations from a downwardAPI volume, and from the environment ")
	for _, v := range podVariables {
		fmt.Fprintf(&b, "%s (%s), ", v.field, strings.Join(v.names, " or "))
	}
	b.WriteString("kubernetes.pod.ips (POD_IPS, when there are several).")
	return b.String()
}

var podOptions = []OptionInfo{
	{Name: "dir", Type: String, Default: "/etc/podinfo", Note: "Where the downwardAPI volume is mounted. Changes are seen within a second."},
	{Name: "include_labels", Type: Strings, Note: "Which labels are added; all without it."},
	{Name: "exclude_labels", Type: Strings, Note: "Which labels are not."},
	{Name: "include_annotations", Type: Strings, Note: "Which annotations are added; all without it."},
	{Name: "exclude_annotations", Type: Strings, Default: "kubectl.kubernetes.io/last-applied-configuration", Note: "Which annotations are not."},
	{Name: "labels.dedot", Type: Bool, Default: "true", Note: "Whether dots in the names of labels become underscores."},
	{Name: "annotations.dedot", Type: Bool, Default: "true", Note: "Whether dots in the names of annotations become underscores."},
}

var addPodMetadataKind = kind{
	Info:  Info{Name: "add_pod_metadata", Strict: true, Note: podNote(), Options: podOptions},
	build: newAddPod,
}

var addKubernetesMetadataKind = kind{
	Info: Info{
		Name:    "add_kubernetes_metadata",
		Note:    "Answered by add_pod_metadata: of a pod's own logs a container needs no API server to tell.",
		Options: append(slices.Clone(podOptions), apiOptions()...),
	},
	build: func(o *options) action {
		o.note(o.path, "is answered from the pod's own environment and files, as add_pod_metadata; no API server is asked")
		return newAddPod(o)
	},
}

// apiOptions are those that Filebeat has for talking to the API server.
func apiOptions() []OptionInfo {
	var list []OptionInfo
	for _, name := range []string{"host", "node", "scope", "namespace", "kube_config", "kube_client_options", "in_cluster", "use_kubeadm", "sync_period",
		"cleanup_timeout", "indexers", "matchers", "default_indexers", "default_matchers", "add_resource_metadata", "include_creator_metadata",
		"include_pod_uid", "labels_dedot", "annotations_dedot"} {
		list = append(list, OptionInfo{Name: name, Type: Any, NoEffect: true, Note: "the pod tells of itself"})
	}
	return list
}

func newAddPod(o *options) action {
	p := &addPod{
		dir: o.text("dir"), account: "/var/run/secrets/kubernetes.io/serviceaccount", getenv: os.Getenv,
		labels:      keep{o.strings("include_labels"), o.strings("exclude_labels")},
		annotations: keep{o.strings("include_annotations"), o.strings("exclude_annotations")},
		dedotLabels: o.on("labels.dedot"), dedotNote: o.on("annotations.dedot"),
	}
	p.fields.every = time.Second
	p.fields.read = p.read
	return p
}

func (p *addPod) run(d *Document) (bool, error) {
	fields, _ := p.fields.get()
	d.DeepMerge(fields, true)
	return true, nil
}

func (p *addPod) version() uint64 {
	_, n := p.fields.get()
	return n
}

func (p *addPod) touches() touched {
	return touched{writes: []string{"kubernetes", "container.name", "service.name"}}
}

// podVariables are the variables that hold a field, the first with a value counts.
var podVariables = []struct {
	field string
	names []string
}{
	{"kubernetes.namespace", []string{"POD_NAMESPACE", "MY_POD_NAMESPACE", "NAMESPACE"}},
	{"kubernetes.pod.name", []string{"POD_NAME", "MY_POD_NAME"}},
	{"kubernetes.pod.uid", []string{"POD_UID", "MY_POD_UID"}},
	{"kubernetes.pod.ip", []string{"POD_IP", "MY_POD_IP"}},
	{"kubernetes.node.name", []string{"NODE_NAME", "MY_NODE_NAME"}},
	{"kubernetes.service_account.name", []string{"SERVICE_ACCOUNT", "POD_SERVICE_ACCOUNT", "MY_POD_SERVICE_ACCOUNT"}},
	{"kubernetes.container.name", []string{"CONTAINER_NAME"}},
	{"container.name", []string{"CONTAINER_NAME"}},
	{"service.name", []string{"SERVICE_NAME", "APP", "APP_NAME"}},
}

// read looks at the volume, and reads it when it has changed.
func (p *addPod) read() (map[string]any, bool) {
	stamp := p.volume()
	if p.environment != nil && stamp == p.stamp {
		return nil, false
	}
	if p.environment == nil {
		p.environment = p.fromEnvironment()
	}
	p.stamp = stamp
	d := Document{Fields: cloneMap(p.environment)}
	for _, f := range []struct {
		file, field string
		keep        keep
		dedot       bool
	}{{"labels", "kubernetes.labels", p.labels, p.dedotLabels}, {"annotations", "kubernetes.annotations", p.annotations, p.dedotNote}} {
		if values := p.file(f.file, f.keep, f.dedot); len(values) > 0 {
			_ = d.Put(f.field, values) // what is above it is a map, or nothing
		}
	}
	return d.Fields, true
}

func (p *addPod) fromEnvironment() map[string]any {
	d := Document{Fields: map[string]any{}}
	for _, v := range podVariables {
		value := ""
		for _, name := range v.names {
			value = cmp.Or(value, strings.TrimSpace(p.getenv(name)))
		}
		if value == "" {
			value = p.otherwise(v.field)
		}
		if value != "" {
			_ = d.Put(v.field, value) // nothing here is below a value
		}
	}
	if ips := splitList(p.getenv("POD_IPS")); len(ips) > 1 {
		_ = d.Put("kubernetes.pod.ips", ips)
	}
	return d.Fields
}

// otherwise finds what the variables did not tell.
func (p *addPod) otherwise(field string) string {
	switch field {
	case "kubernetes.namespace":
		b, _ := os.ReadFile(filepath.Join(p.account, "namespace"))
		return strings.TrimSpace(string(b))
	case "kubernetes.pod.name":
		if p.getenv("KUBERNETES_SERVICE_HOST") != "" {
			return p.getenv("HOSTNAME") // the pod's name, unless the pod says otherwise
		}
	case "kubernetes.pod.ip":
		if ips := splitList(p.getenv("POD_IPS")); len(ips) > 0 {
			return ips[0].(string)
		}
	}
	return ""
}

func splitList(text string) []any {
	var list []any
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// volume is a text that changes when the volume does. Kubernetes puts new files
// beside the old ones and turns the link ..data over.
func (p *addPod) volume() string {
	if target, err := os.Readlink(filepath.Join(p.dir, "..data")); err == nil {
		return target
	}
	stamp := ""
	for _, name := range []string{"labels", "annotations"} {
		if info, err := os.Stat(filepath.Join(p.dir, name)); err == nil {
			stamp += info.ModTime().String() + strconv.FormatInt(info.Size(), 10)
		}
	}
	return stamp
}

// file reads lines of key="value", as the kubelet writes them. A line that is
// anything else is left out.
func (p *addPod) file(name string, keep keep, dedot bool) map[string]any {
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		return nil
	}
	values := map[string]any{}
	for line := range strings.Lines(string(b)) {
		key, quoted, _ := strings.Cut(strings.TrimSpace(line), "=")
		value, err := strconv.Unquote(quoted)
		if err != nil || key == "" || !keep.has(key) {
			continue
		}
		if dedot {
			key = strings.ReplaceAll(key, ".", "_")
		}
		values[key] = value
	}
	return values
}
