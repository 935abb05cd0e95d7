package kubernetes_test

import (
	"cmp"
	"context"
	"fmt"
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

var logcar string // the binary

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "logcar-deploy-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // it is temporary
		logcar, err = binary.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// logcar accepts each configuration that it is given here, with the environment
// that it is given with, and knows every key.
func TestConfigurations(t *testing.T) {
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
					testConfig(t, objects, w, c)
				}
			}
		})
	}
}

// A pod that doesn't say how large its logs may be is accepted too.
func TestUnknownSize(t *testing.T) {
	objects := render(t, map[string]any{"logcar": map[string]any{"logs": map[string]any{"sizeLimit": ""}}})
	w := kubernetes.Workloads(objects)[0]
	if size, ok := w.Template.Annotations["logcar.io/logs-size"]; ok {
		t.Errorf("the size is %q", size)
	}
	testConfig(t, objects, w, w.Container("logcar"))
}

// testConfig runs logcar test config with the container's arguments and
// environment.
func testConfig(t *testing.T, objects []runtime.Object, w kubernetes.Workload, c *corev1.Container) {
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
		if !strings.HasPrefix(line, "honoured") && line != "Config OK\n" {
			t.Errorf("%s: %s", w.Name, line)
		}
	}
}

// downward stands in for kubelet.
func downward(w kubernetes.Workload, path string) string {
	for prefix, values := range map[string]map[string]string{"metadata.labels['": w.Template.Labels, "metadata.annotations['": w.Template.Annotations} {
		if key, ok := strings.CutPrefix(path, prefix); ok {
			return values[strings.TrimSuffix(key, "']")]
		}
	}
	return map[string]string{
		"metadata.namespace": cmp.Or(w.Namespace, "default"), "metadata.name": w.Name + "-1", "status.podIP": "10.1.2.3", "spec.nodeName": "node-1",
	}[path]
}

// The example with all keys is accepted too.
func TestExampleConfiguration(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), logcar, "test", "config", "-c", "../../filebeat.yml", "--strict.perms=false")
	cmd.Env = append(os.Environ(), "KAFKA_HOSTS=a:9092,b:9092")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
