package kubernetes_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/logcar/logcar/deploy/tests/kubernetes"
)

const inject = "logcar.io/inject"

// Every workload that asks for it has logcar beside it, in the form that its
// kustomization promises, and no other one has.
func TestSidecars(t *testing.T) {
	for _, c := range []struct {
		dir    string
		native bool
		count  int
	}{
		{".", true, 1}, {"native", true, 1}, {"overlays/dev", true, 1}, {"overlays/test", true, 1}, {"overlays/stage", true, 1}, {"overlays/prod", true, 1},
		{"restricted", true, 1}, {"job/native", true, 1}, {"trial", true, 2}, {"ordinary", false, 1}, {"job/ordinary", false, 1},
	} {
		t.Run(c.dir, func(t *testing.T) {
			found := 0
			for _, w := range kubernetes.Workloads(build(t, filepath.Join(manifests, c.dir))) {
				if (w.Container("logcar") != nil) != (w.Labels[inject] == "true") {
					t.Errorf("%s %s: %s is %q, a sidecar is there: %v", w.Kind, w.Name, inject, w.Labels[inject], w.Container("logcar") != nil)
				}
				if w.Container("logcar") != nil {
					found++
					checkSidecar(t, w, c.native)
				}
			}
			if found != c.count {
				t.Errorf("%d sidecars, want %d", found, c.count)
			}
		})
	}
}

func checkSidecar(t *testing.T, w kubernetes.Workload, native bool) {
	t.Helper()
	c := w.Container("logcar")
	initial := slices.ContainsFunc(w.Template.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == "logcar" })
	always := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	if initial != native || always != native {
		t.Errorf("init container: %v, always restarted: %v, want %v", initial, always, native)
	}
	if native && w.Template.Spec.InitContainers[0].Name != "logcar" {
		t.Errorf("other init containers run before logcar, which would miss their lines")
	}
	if c.LivenessProbe == nil || c.LivenessProbe.HTTPGet.Path != "/health" {
		t.Errorf("liveness probe %v", c.LivenessProbe)
	}
	if c.ReadinessProbe != nil || c.StartupProbe != nil {
		t.Errorf("a sidecar's readiness would be the application's")
	}
	if c.Lifecycle == nil || c.Lifecycle.PreStop.HTTPGet.Path != "/drain" {
		t.Errorf("lifecycle %v", c.Lifecycle)
	}
	r := c.Resources
	if r.Requests.Cpu().Cmp(resource.MustParse("10m")) != 0 || r.Requests.Memory().Cmp(resource.MustParse("24Mi")) != 0 || r.Limits.Memory().IsZero() {
		t.Errorf("resources %v", r)
	}
	if !*c.SecurityContext.ReadOnlyRootFilesystem {
		t.Errorf("the root file system may be written")
	}
	alone := w
	alone.Template = w.Template.DeepCopy()
	alone.Template.Spec = corev1.PodSpec{Containers: []corev1.Container{*c}}
	alone.Template.Spec.Containers[0].RestartPolicy = nil
	for _, offence := range restricted(alone) {
		t.Errorf("logcar is not restricted: %s", offence)
	}
	for _, m := range c.VolumeMounts {
		i := slices.IndexFunc(w.Template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		v := w.Template.Spec.Volumes[i]
		switch m.MountPath {
		case "/var/lib/logcar":
			if m.ReadOnly || v.EmptyDir == nil || v.EmptyDir.SizeLimit == nil {
				t.Errorf("positions: %v in %v", m, v)
			}
		case "/mnt":
			if !m.ReadOnly || v.EmptyDir == nil || v.EmptyDir.SizeLimit == nil {
				t.Errorf("logs: %v in %v", m, v)
			} else if size := w.Template.Annotations["logcar.io/logs-size"]; size != v.EmptyDir.SizeLimit.String() {
				t.Errorf("the volume may hold %v, logcar is told %q", v.EmptyDir.SizeLimit, size)
			}
		default:
			if !m.ReadOnly {
				t.Errorf("%s may be written", m.MountPath)
			}
		}
	}
	if grace := w.Template.Spec.TerminationGracePeriodSeconds; grace != nil && *grace < 30 {
		t.Errorf("grace period %d s", *grace)
	}
	wantTags(t, c)
}

// wantTags checks that every tag comes from the downward API.
func wantTags(t *testing.T, c *corev1.Container) {
	t.Helper()
	got := map[string]string{}
	for _, e := range c.Env {
		if e.ValueFrom != nil && e.ValueFrom.FieldRef != nil {
			got[e.Name] = e.ValueFrom.FieldRef.FieldPath
		}
	}
	want := map[string]string{
		"POD_NAMESPACE": "metadata.namespace", "POD_NAME": "metadata.name", "POD_IP": "status.podIP", "NODE_NAME": "spec.nodeName",
		"SERVICE_NAME": "metadata.labels['app.kubernetes.io/name']", "APP": "metadata.labels['app']",
		"LOGS_SIZE": "metadata.annotations['logcar.io/logs-size']",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("tags %v", got)
	}
}

// An ordinary sidecar of a Job leaves by itself, when the file is there that the
// Job writes.
func TestOrdinaryJobEnds(t *testing.T) {
	w := kubernetes.Workloads(build(t, filepath.Join(manifests, "job/ordinary")))[0]
	if args := w.Container("logcar").Args; !slices.Contains(args, "logcar.done_file=/mnt/done") || !slices.Contains(args, "logcar.quiet=8s") {
		t.Errorf("logcar's arguments %q", args)
	}
	if script := w.Container("dac-report").Args[0]; !strings.Contains(script, "touch /home/deploy/logs/done") {
		t.Errorf("the Job's script: %s", script)
	}
}

// The components take whatever has the label, and leave the rest alone.
func TestComponentTakesAnyWorkload(t *testing.T) {
	const workload = `
apiVersion: %API
kind: %KIND
metadata:
  name: w
  labels: {logcar.io/inject: "%INJECT"}
spec:
  template:
    metadata:
      labels: {app: w}
    spec:
      initContainers:
      - name: first
        image: a
      containers:
      - name: app
        image: b
        volumeMounts: [{name: logs, mountPath: /logs}]
      volumes:
      - name: logs
        emptyDir: {}
`
	for _, component := range []string{"sidecar", "sidecar-ordinary"} {
		for kind, version := range map[string]string{"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1"} {
			for _, wanted := range []string{"true", "false"} {
				t.Run(component+"/"+kind+"/"+wanted, func(t *testing.T) {
					dir := t.TempDir()
					source, err := filepath.Abs(filepath.Join(manifests, "components", component))
					if err != nil {
						t.Fatal(err)
					}
					relative, err := filepath.Rel(dir, source)
					if err != nil {
						t.Fatal(err)
					}
					write(t, filepath.Join(dir, "w.yaml"), strings.NewReplacer("%API", version, "%KIND", kind, "%INJECT", wanted).Replace(workload))
					write(t, filepath.Join(dir, "kustomization.yaml"), "resources: [w.yaml]\ncomponents: ["+relative+"]\n")
					w := kubernetes.Workloads(build(t, dir))[0]
					if got := w.Container("logcar") != nil; got != (wanted == "true") {
						t.Fatalf("a sidecar is there: %v", got)
					}
					if w.Container("first") == nil || w.Container("app") == nil || w.Kind != kind || w.Name != "w" {
						t.Errorf("the workload has changed: %+v", w)
					}
				})
			}
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The service in base is the one in minimal, whose Filebeat is taken away.
func TestBaseIsTheOwners(t *testing.T) {
	owners := kubernetes.Workloads(minimal(t))[0].Template.Spec
	base := kubernetes.Workloads(build(t, filepath.Join(manifests, "base")))[0].Template.Spec
	owners.Containers = slices.DeleteFunc(owners.Containers, func(c corev1.Container) bool { return c.Name == "filebeat" })
	owners.Volumes = slices.DeleteFunc(owners.Volumes, func(v corev1.Volume) bool { return v.Name == "filebeat-conf" })
	// What base adds on purpose.
	base.TerminationGracePeriodSeconds, base.SecurityContext, base.Volumes[0].EmptyDir.SizeLimit = nil, nil, nil
	if !equality.Semantic.DeepEqual(owners, base) {
		t.Errorf("minimal without Filebeat:\n%+v\nbase:\n%+v", owners, base)
	}
}

// An overlay differs from the others by its namespace, its brokers and its image
// alone.
func TestOverlays(t *testing.T) {
	brokers := map[string]bool{}
	for _, name := range []string{"dev", "test", "stage", "prod"} {
		objects := build(t, filepath.Join(manifests, "overlays", name))
		for _, w := range kubernetes.Workloads(objects) {
			if w.Namespace != "dac-"+name {
				t.Errorf("%s: %s in namespace %s", name, w.Name, w.Namespace)
			}
			if image := w.Container("dac-config-server").Image; image != "registry.example/dac-"+name+"-dac-config-server:v1" {
				t.Errorf("%s: image %s", name, image)
			}
		}
		hosts := environment(t, objects)["KAFKA_HOSTS"]
		if brokers[hosts] || hosts == "" {
			t.Errorf("%s: brokers %q of another overlay", name, hosts)
		}
		brokers[hosts] = true
		if documents := environment(t, objects)["LOGCAR_DOCUMENTS"]; documents != "6" {
			t.Errorf("%s: documents of generation %s; its Logstash knows 6", name, documents)
		}
	}
}

// environment is the data of the ConfigMap logcar-env.
func environment(t *testing.T, objects []runtime.Object) map[string]string {
	t.Helper()
	return configMap(t, objects, "logcar-env").Data
}

func configMap(t *testing.T, objects []runtime.Object, name string) *corev1.ConfigMap {
	t.Helper()
	for _, c := range kubernetes.Each[*corev1.ConfigMap](objects) {
		if strings.Contains(c.Name, name) {
			return c
		}
	}
	t.Fatalf("no ConfigMap %s", name)
	return nil
}
