package kubernetes_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/logcar/logcar/deploy/tests/kubernetes"
)

const manifests = "../../kubernetes"

func build(t testing.TB, dir string) []runtime.Object {
	t.Helper()
	objects, err := kubernetes.Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// kustomizations are all folders below deploy that kubectl apply -k takes.
func kustomizations(t testing.TB) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if !strings.Contains(string(text), "kind: Component") {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	})
	if err != nil || len(dirs) < 15 {
		t.Fatalf("%d kustomizations found: %v", len(dirs), err)
	}
	return dirs
}

// Every kustomization builds into objects that the API knows, and whose names for
// each other lead somewhere.
func TestKustomizations(t *testing.T) {
	for _, dir := range kustomizations(t) {
		t.Run(dir, func(t *testing.T) {
			objects := build(t, dir)
			if len(objects) == 0 {
				t.Fatal("builds nothing")
			}
			consistent(t, objects)
		})
	}
}

func TestPlainManifest(t *testing.T) {
	consistent(t, minimal(t))
}

func minimal(t testing.TB) []runtime.Object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(manifests, "minimal/dac-config-server.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := kubernetes.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// consistent checks what the API server would accept and kubelet fail at.
func consistent(t *testing.T, objects []runtime.Object) {
	t.Helper()
	configMaps := map[string]bool{}
	for _, c := range kubernetes.Each[*corev1.ConfigMap](objects) {
		configMaps[c.Namespace+"/"+c.Name] = true
	}
	workloads := kubernetes.Workloads(objects)
	for _, w := range workloads {
		where := w.Kind + " " + w.Name
		needed := []string{}
		volumes := map[string]bool{}
		for _, v := range w.Template.Spec.Volumes {
			volumes[v.Name] = true
			if v.ConfigMap != nil {
				needed = append(needed, v.ConfigMap.Name)
			}
		}
		used := map[string]bool{}
		for _, c := range w.Containers() {
			for _, m := range c.VolumeMounts {
				used[m.Name] = true
				if !volumes[m.Name] {
					t.Errorf("%s, %s: volume %s is not there", where, c.Name, m.Name)
				}
			}
			for _, e := range c.EnvFrom {
				needed = append(needed, e.ConfigMapRef.Name)
			}
			checkPorts(t, where, c)
		}
		if len(used) != len(volumes) {
			t.Errorf("%s: volumes %v, mounted are %v", where, volumes, used)
		}
		for _, name := range needed {
			if !configMaps[w.Namespace+"/"+name] {
				t.Errorf("%s: ConfigMap %s is not in namespace %q", where, name, w.Namespace)
			}
		}
	}
	for _, s := range kubernetes.Each[*corev1.Service](objects) {
		if !slices.ContainsFunc(workloads, func(w kubernetes.Workload) bool {
			return w.Namespace == s.Namespace && selects(s.Spec.Selector, w.Template.Labels)
		}) {
			t.Errorf("Service %s selects no pod", s.Name)
		}
	}
}

func selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// checkPorts finds the ports that probes and hooks ask for by name.
func checkPorts(t *testing.T, where string, c corev1.Container) {
	t.Helper()
	names := map[string]bool{}
	for _, p := range c.Ports {
		names[p.Name] = true
	}
	var asked []string
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if p != nil && p.HTTPGet != nil {
			asked = append(asked, p.HTTPGet.Port.StrVal)
		}
		if p != nil && p.TCPSocket != nil {
			asked = append(asked, p.TCPSocket.Port.StrVal)
		}
	}
	if c.Lifecycle != nil && c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.HTTPGet != nil {
		asked = append(asked, c.Lifecycle.PreStop.HTTPGet.Port.StrVal)
	}
	for _, name := range asked {
		if name != "" && !names[name] {
			t.Errorf("%s, %s: port %s is not there", where, c.Name, name)
		}
	}
}

var evaluator = func() policy.Evaluator {
	e, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	return e
}()

// restricted returns what in a pod offends the restricted Pod Security Standard.
func restricted(w kubernetes.Workload) []string {
	var offences []string
	latest := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, r := range evaluator.EvaluatePod(latest, &w.Template.ObjectMeta, &w.Template.Spec) {
		if !r.Allowed {
			offences = append(offences, fmt.Sprintf("%s: %s", r.ForbiddenReason, r.ForbiddenDetail))
		}
	}
	return offences
}

// Whole pods are restricted where nothing of the owner's forbids it: in a
// namespace that enforces it, and where the manifest promises it.
func TestRestrictedPods(t *testing.T) {
	for _, dir := range []string{"trial", "job/native", "job/ordinary", "restricted"} {
		for _, w := range kubernetes.Workloads(build(t, filepath.Join(manifests, dir))) {
			for _, offence := range restricted(w) {
				t.Errorf("%s: %s %s: %s", dir, w.Kind, w.Name, offence)
			}
		}
	}
}

// The check above can fail.
func TestOwnersPodIsNotRestricted(t *testing.T) {
	if offences := restricted(kubernetes.Workloads(build(t, filepath.Join(manifests, "base")))[0]); len(offences) == 0 {
		t.Error("a pod with a volume of the host and no security context passes")
	}
}

// Trial things say so, and stay in a namespace of their own.
func TestTrialIsMarked(t *testing.T) {
	objects := build(t, filepath.Join(manifests, "trial"))
	spaces := kubernetes.Each[*corev1.Namespace](objects)
	if len(spaces) != 1 || spaces[0].Name != "logcar-trial" || spaces[0].Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Errorf("namespaces %v", spaces)
	}
	for _, w := range kubernetes.Workloads(objects) {
		if w.Namespace != "logcar-trial" {
			t.Errorf("%s %s is in namespace %q", w.Kind, w.Name, w.Namespace)
		}
	}
	for _, file := range []string{"kustomization", "kafka", "elasticsearch", "logstash", "kibana"} {
		text, err := os.ReadFile(filepath.Join(manifests, "trial", file+".yaml"))
		if err != nil || !strings.HasPrefix(string(text), "# TRIAL ONLY") {
			t.Errorf("%s.yaml doesn't begin with # TRIAL ONLY: %v", file, err)
		}
	}
}
