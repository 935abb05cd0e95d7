package kubernetes_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/logcar/logcar/deploy/tests/binary"
	"github.com/logcar/logcar/deploy/tests/kubernetes"
)

// logcar accepts each configuration that it is given here, with the environment
// that it is given with, and knows every key.
func TestConfigurations(t *testing.T) {
	dir := t.TempDir()
	logcar, err := binary.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string][]runtime.Object{"minimal": minimal(t), "helm": render(t, nil)}
	for _, kustomization := range []string{"overlays/dev", "overlays/test", "overlays/stage", "overlays/prod", "ordinary", "job/native", "job/ordinary", "trial"} {
		sets[kustomization] = build(t, filepath.Join(manifests, kustomization))
	}
	for name, objects := range sets {
		t.Run(name, func(t *testing.T) {
			for _, w := range kubernetes.Workloads(objects) {
				c := w.Container("logcar")
				if c == nil {
					c = w.Container("filebeat") // in minimal
				}
				if c != nil {
					testConfig(t, logcar, objects, w, c)
				}
			}
		})
	}
}

// testConfig runs logcar test config with the container's arguments and
// environment.
func testConfig(t *testing.T, logcar string, objects []runtime.Object, w kubernetes.Workload, c *corev1.Container) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "filebeat.yml")
	write(t, file, configuration(t, objects))
	args := []string{"test", "config", "-c", file}
	for i, a := range c.Args {
		if a == "-E" {
			args = append(args, a, c.Args[i+1])
		}
	}
	cmd := exec.CommandContext(t.Context(), logcar, args...)
	if len(c.EnvFrom) > 0 {
		for k, v := range environment(t, objects) {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
	}
	for _, e := range c.Env {
		value := e.Value
		if e.ValueFrom != nil {
			value = downward(w, e.ValueFrom.FieldRef.FieldPath)
		}
		cmd.Env = append(cmd.Env, e.Name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", w.Name, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "unknown") || strings.HasPrefix(line, "warning") || strings.HasPrefix(line, "no effect") {
			t.Errorf("%s: %s", w.Name, line)
		}
	}
}

// downward stands in for kubelet.
func downward(w kubernetes.Workload, path string) string {
	if label, ok := strings.CutPrefix(path, "metadata.labels['"); ok {
		return w.Template.Labels[strings.TrimSuffix(label, "']")]
	}
	return map[string]string{
		"metadata.namespace": w.Namespace, "metadata.name": w.Name + "-1", "status.podIP": "10.1.2.3", "spec.nodeName": "node-1",
	}[path]
}

// The example with all keys is accepted too.
func TestExampleConfiguration(t *testing.T) {
	logcar, err := binary.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), logcar, "test", "config", "-c", "../../filebeat.yml", "--strict.perms=false")
	cmd.Env = append(os.Environ(), "KAFKA_HOSTS=a:9092,b:9092")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
