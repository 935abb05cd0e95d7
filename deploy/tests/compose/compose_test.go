// Package compose tests deploy/compose: the file loads as docker compose would
// load it, and what it names is there. It starts no container.
package compose_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func load(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../../compose/compose.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestProject(t *testing.T) {
	project := load(t)
	used := map[string]bool{}
	for name, s := range project.Services {
		for _, v := range s.Volumes {
			switch v.Type {
			case types.VolumeTypeVolume:
				used[v.Source] = true
			case types.VolumeTypeBind:
				if _, err := os.Stat(v.Source); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if !v.ReadOnly {
					t.Errorf("%s may write to %s", name, v.Source)
				}
			}
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open to the network", name, p.Published)
			}
		}
		if s.Build != nil {
			if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(s.Tmpfs) > 0 {
			t.Errorf("%s forgets %v when it is stopped", name, s.Tmpfs)
		}
		for other, d := range s.DependsOn {
			if health := project.Services[other].HealthCheck; d.Condition == types.ServiceConditionHealthy && health == nil {
				t.Errorf("%s waits for the health of %s, which has no check", name, other)
			}
		}
	}
	for name := range project.Volumes {
		if !used[name] {
			t.Errorf("volume %s is not used", name)
		}
	}
}

// logcar gets from the services beside it what a pod gives: the logs to read,
// a place for its positions, and nothing else.
func TestSidecars(t *testing.T) {
	project := load(t)
	found := 0
	for name, s := range project.Services {
		if s.Image != "logcar" {
			continue
		}
		found++
		service := project.Services[strings.TrimSuffix(name, "-logcar")]
		var logs string
		for _, v := range s.Volumes {
			if v.Target == "/mnt" && v.ReadOnly {
				logs = v.Source
			}
		}
		if !slices.ContainsFunc(service.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Source == logs && v.Target == "/logs" }) {
			t.Errorf("%s doesn't read what %s writes", name, service.Name)
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") {
			t.Errorf("%s: read-only %v, dropped %v", name, s.ReadOnly, s.CapDrop)
		}
		// The configuration belongs to whoever has checked the project out.
		if strict := s.Environment["BEAT_STRICT_PERMS"]; strict == nil || *strict != "false" {
			t.Errorf("%s wants its configuration to be root's", name)
		}
		for _, variable := range []string{"POD_NAMESPACE", "SERVICE_NAME", "POD_IP", "KAFKA_HOSTS"} {
			if v := s.Environment[variable]; v == nil || *v == "" {
				t.Errorf("%s: %s is not set", name, variable)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d sidecars", found)
	}
}

var imageLine = regexp.MustCompile(`(?m)^\s*(?:- )?image: ([^&*\s]+:[^\s]+)$`)

// The trial cluster and the Compose file run the same versions.
func TestVersions(t *testing.T) {
	tags := map[string]string{}
	files, err := filepath.Glob("../../kubernetes/trial/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../compose/compose.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range imageLine.FindAllStringSubmatch(string(text), -1) {
			i := strings.LastIndex(m[1], ":")
			image, tag := m[1][:i], m[1][i+1:]
			if strings.HasPrefix(image, "docker.elastic.co/") {
				image = "docker.elastic.co" // all of one version
			}
			if tags[image] != "" && tags[image] != tag {
				t.Errorf("%s: %s is of version %s, elsewhere of %s", file, m[1], tag, tags[image])
			}
			tags[image] = tag
		}
	}
	if len(tags) != 2 {
		t.Errorf("images %v", tags)
	}
}

// The stand-in's Dockerfile builds with what its .dockerignore lets through.
func TestStandinBuilds(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"go.mod", "go.sum", "internal/javalog", "deploy/compose/standin"} {
		target := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join("../../..", path)); err != nil {
			t.Fatal(err)
		} else if info.IsDir() {
			if err := os.CopyFS(target, os.DirFS(filepath.Join("../../..", path))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(filepath.Join("../../..", path))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ignore, err := os.ReadFile("../../compose/standin/Dockerfile.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"!go.mod", "!go.sum", "!internal/javalog", "!deploy/compose/standin"} {
		if !slices.Contains(strings.Split(string(ignore), "\n"), path) {
			t.Errorf(".dockerignore doesn't let %s through", path)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", filepath.Join(root, "standin"), "./deploy/compose/standin")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
