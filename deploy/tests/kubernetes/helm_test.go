package kubernetes_test

import (
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/logcar/logcar/deploy/tests/kubernetes"
)

func render(t *testing.T, values map[string]any) []runtime.Object {
	t.Helper()
	objects, err := kubernetes.Render("orders", "../../helm/example", []string{"../../helm/logcar"}, values)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// The chart gives the same container, volumes and configuration as the Kustomize
// component.
func TestHelmIsKustomize(t *testing.T) {
	for _, c := range []struct {
		native bool
		dir    string
	}{{true, "native"}, {false, "ordinary"}} {
		objects := render(t, map[string]any{"logcar": map[string]any{"native": c.native}})
		consistent(t, objects)
		rendered := kubernetes.Workloads(objects)[0]
		checkSidecar(t, rendered, c.native)

		built := build(t, filepath.Join(manifests, c.dir))
		workload := kubernetes.Workloads(built)[0]
		got, want := withoutNames(rendered), withoutNames(workload)
		if !equality.Semantic.DeepEqual(got, want) {
			t.Errorf("native %v: Helm makes\n%+v\nKustomize makes\n%+v", c.native, got, want)
		}
		if got, want := configuration(t, objects), configuration(t, built); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("Helm's filebeat.yml:\n%s\nKustomize's:\n%s", got, want)
		}
	}
}

// withoutNames is the sidecar and its volumes with the ConfigMaps' names, which
// differ, taken away.
func withoutNames(w kubernetes.Workload) []any {
	c := w.Container("logcar")
	c.EnvFrom[0].ConfigMapRef.Name = ""
	parts := []any{*c}
	for _, name := range []string{"logcar-config", "logcar-positions"} {
		for _, v := range w.Template.Spec.Volumes {
			if v.Name == name {
				if v.ConfigMap != nil {
					v.ConfigMap.Name = ""
				}
				parts = append(parts, v)
			}
		}
	}
	return parts
}

func configuration(t *testing.T, objects []runtime.Object) string {
	t.Helper()
	for _, c := range kubernetes.Each[*corev1.ConfigMap](objects) {
		if text, ok := c.Data["filebeat.yml"]; ok {
			return text
		}
	}
	t.Fatal("no ConfigMap with a filebeat.yml")
	return ""
}

func TestHelmValues(t *testing.T) {
	checksum := func(objects []runtime.Object) string {
		return kubernetes.Workloads(objects)[0].Template.Annotations["logcar.io/config"]
	}
	plain := render(t, nil)
	other := render(t, map[string]any{"logcar": map[string]any{"config": "output.console: {}\n"}})
	if got := configuration(t, other); got != "output.console: {}\n" {
		t.Errorf("own configuration: %q", got)
	}
	if checksum(plain) == "" || checksum(plain) == checksum(other) {
		t.Errorf("a changed configuration doesn't roll out: %q, %q", checksum(plain), checksum(other))
	}
	_, err := kubernetes.Render("orders", "../../helm/example", []string{"../../helm/logcar"}, map[string]any{"logcar": map[string]any{"kafka": map[string]any{"hosts": ""}}})
	if err == nil || !strings.Contains(err.Error(), "logcar.kafka.hosts is needed") {
		t.Errorf("without brokers: %v", err)
	}
}
