package processor

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// mount writes files as the kubelet does into a downwardAPI volume: into a folder
// of their own, to which the link ..data is then turned.
func mount(t *testing.T, dir, version string, files map[string]string) {
	t.Helper()
	folder := filepath.Join(dir, version)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_ = os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)) // is there from the second time on
	}
	link := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(version, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

// podOf returns add_pod_metadata with an environment of its own.
func podOf(t *testing.T, options, dir string, env map[string]string) (*Chain, *addPod) {
	t.Helper()
	b := &builder{}
	m, _ := values(t, "x: {"+options+"}").(map[string]any)
	m["dir"] = dir
	o := b.options(&addPodMetadataKind, "0.add_pod_metadata", m)
	p, _ := b.build(&addPodMetadataKind, o, nil).(*addPod)
	if p == nil {
		t.Fatal(b.errs)
	}
	p.getenv = func(name string) string { return env[name] }
	p.account = filepath.Join(dir, "account")
	s := &step{path: "0.add_pod_metadata", action: p, touched: p.touches()}
	return &Chain{steps: []*step{s}, surround: b.surround}, p
}

var podEnvironment = map[string]string{
	"POD_NAME": "pay-7c9", "MY_POD_NAMESPACE": "prod", "POD_IP": "10.1.2.3", "POD_IPS": "10.1.2.3,fd00::1", "POD_UID": "u-1",
	"NODE_NAME": "n1", "SERVICE_ACCOUNT": "default", "APP": "pay", "CONTAINER_NAME": "app",
}

const podFields = `"kubernetes":{"namespace":"prod","pod":{"name":"pay-7c9","ip":"10.1.2.3","ips":["10.1.2.3","fd00::1"],"uid":"u-1"},"node":{"name":"n1"},
	"service_account":{"name":"default"},"container":{"name":"app"}%s},"container":{"name":"app"},"service":{"name":"pay"}`

func TestPodMetadata(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "..2024_1", map[string]string{
		"labels":      "app.kubernetes.io/name=\"pay\"\ntier=\"back \\\"end\\\"\\n\"\nno value\nbad=unquoted\n=\"no key\"\n",
		"annotations": "note=\"a=b\"\nkubectl.kubernetes.io/last-applied-configuration=\"{}\"\n",
	})
	for name, c := range map[string]struct{ options, want string }{
		"all":     {``, `,"labels":{"app_kubernetes_io/name":"pay","tier":"back \"end\"\n"},"annotations":{"note":"a=b"}`},
		"dots":    {`labels.dedot: false, exclude_labels: [tier], exclude_annotations: [note], annotations.dedot: false`, `,"labels":{"app.kubernetes.io/name":"pay"},"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}`},
		"include": {`include_labels: [tier], include_annotations: [none]`, `,"labels":{"tier":"back \"end\"\n"}`},
	} {
		t.Run(name, func(t *testing.T) {
			chain, _ := podOf(t, c.options, dir, podEnvironment)
			d := document(t, `{"container":{"id":"x"}}`)
			chain.Run(d)
			want := canonical(t, "{"+strings.Replace(strings.Replace(podFields, "%s", c.want, 1), `"container":{"name":"app"},"service"`, `"container":{"name":"app","id":"x"},"service"`, 1)+"}")
			if got := text(t, d); got != want {
				t.Errorf("is   %s\nwant %s", got, want)
			}
		})
	}
}

func TestPodMetadataWithoutVariables(t *testing.T) {
	dir := t.TempDir()
	chain, _ := podOf(t, ``, dir, nil)
	d := document(t, `{"a":1}`)
	if chain.Run(d); text(t, d) != `{"a":1}` {
		t.Errorf("nothing makes %s", text(t, d))
	}
	if err := os.Mkdir(filepath.Join(dir, "account"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "account", "namespace"), []byte("prod\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	chain, _ = podOf(t, ``, dir, map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "pay-7c9", "POD_IPS": "10.1.2.3"})
	if chain.Run(d); text(t, d) != canonical(t, `{"a":1,"kubernetes":{"namespace":"prod","pod":{"name":"pay-7c9","ip":"10.1.2.3"}}}`) {
		t.Errorf("is %s", text(t, d))
	}
}

func TestPodLabelsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		label := func(chain *Chain) any {
			d := &Document{}
			chain.Run(d)
			v, _ := d.Get("kubernetes.labels.a")
			return v
		}
		mount(t, dir, "..1", map[string]string{"labels": `a="1"`})
		chain, p := podOf(t, ``, dir, podEnvironment)
		first := chain.Version()
		if v := label(chain); v != "1" {
			t.Fatalf("the label is %v", v)
		}
		mount(t, dir, "..2", map[string]string{"labels": `a="2"`})
		if chain.Version() != first || label(chain) != "1" {
			t.Error("the volume is looked at more than once a second")
		}
		<-time.After(time.Second)
		if v := label(chain); v != "2" || chain.Version() == first {
			t.Errorf("the label is %v, version %d", v, chain.Version())
		}
		second := chain.Version()
		fields := p.fields.fields
		<-time.After(time.Minute)
		if chain.Version() != second || !sameMap(fields, p.fields.fields) {
			t.Error("the volume is read again without a change")
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		if v := label(chain); v != nil || chain.Version() == second {
			t.Errorf("without a volume the label is %v", v)
		}
		if name, _ := p.fields.fields["kubernetes"].(map[string]any); name["namespace"] != "prod" {
			t.Error("the environment's part is gone")
		}
	})
}

func sameMap(a, b map[string]any) bool {
	a["same"] = true
	defer delete(a, "same")
	return b["same"] == true
}

// A directory that is not a mounted volume has no ..data.
func TestPodPlainFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		chain, _ := podOf(t, ``, dir, nil)
		for _, want := range []string{"1", "22"} {
			if err := os.WriteFile(filepath.Join(dir, "labels"), []byte(`a="`+want+`"`), 0o644); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
			d := &Document{}
			chain.Run(d)
			if v, _ := d.Get("kubernetes.labels.a"); v != want {
				t.Errorf("the label is %v, want %s", v, want)
			}
		}
	})
}

// hostOf returns add_host_metadata that looks below another root.
func hostOf(t *testing.T, options string, files map[string]string) (*addHost, string) {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, _ := build(t, "[{add_host_metadata: {"+options+"}}]").steps[0].action.(*addHost)
	p.root, p.host.next, p.host.fields = root, time.Time{}, nil
	return p, root
}

var debian = map[string]string{
	"etc/os-release": "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nrubbish\n",
	"etc/machine-id": "0123\n", "proc/sys/kernel/osrelease": "6.1.0\n", ".dockerenv": "",
}

func TestHostMetadata(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	system := `"os":{"codename":"bookworm","family":"debian","kernel":"6.1.0","name":"Debian GNU/Linux","platform":"debian","type":"` + runtime.GOOS + `","version":"12 (bookworm)"}`
	for name, c := range map[string]struct {
		options, in, want string
		files             map[string]string
	}{
		"all":              {`netinfo.enabled: false`, `{"host":{"name":"x","extra":1}}`, `{"host":{"extra":1,"name":"HOST","hostname":"HOST","architecture":"ARCH","containerized":true,"id":"0123",` + system + `}}`, debian},
		"a name and geo":   {`netinfo.enabled: false, name: me, geo: {name: rack, location: '1, 2'}`, `{}`, `{"host":{"name":"me","hostname":"HOST","architecture":"ARCH","containerized":true,"id":"0123","geo":{"name":"rack","location":"1, 2"},` + system + `}}`, debian},
		"nothing to read":  {`netinfo.enabled: false`, `{}`, `{"host":{"name":"HOST","hostname":"HOST","architecture":"ARCH","containerized":false,"os":{"platform":"` + runtime.GOOS + `","type":"` + runtime.GOOS + `"}}}`, nil},
		"by cgroup":        {`netinfo.enabled: false`, `{}`, `{"host":{"name":"HOST","hostname":"HOST","architecture":"ARCH","containerized":true,"os":{"platform":"` + runtime.GOOS + `","type":"` + runtime.GOOS + `"}}}`, map[string]string{"proc/1/cgroup": "0::/kubepods/x"}},
		"not replaced":     {`netinfo.enabled: false, replace_fields: false`, `{"host":{"name":"x","extra":1}}`, `{"host":{"name":"x","extra":1}}`, debian},
		"name is no field": {`netinfo.enabled: false, replace_fields: false`, `{"host":{"name":"x"}}`, `{"host":{"name":"HOST","hostname":"HOST","architecture":"ARCH","containerized":true,"id":"0123",` + system + `}}`, debian},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := hostOf(t, c.options, c.files)
			d := document(t, c.in)
			if _, err := p.run(d); err != nil {
				t.Fatal(err)
			}
			want := canonical(t, strings.NewReplacer("HOST", hostname, "ARCH", architecture()).Replace(c.want))
			if got := text(t, d); got != want {
				t.Errorf("is   %s\nwant %s", got, want)
			}
		})
	}
}

func TestHostAddresses(t *testing.T) {
	d := &Document{}
	build(t, `[{add_host_metadata: {}}]`).Run(d)
	v, _ := d.Get("host.ip")
	for _, ip := range oneOrMore(v) {
		if _, err := toIP(ip); err != nil || strings.HasPrefix(ip.(string), "127.") {
			t.Errorf("address %v", ip)
		}
	}
	v, _ = d.Get("host.mac")
	for _, mac := range oneOrMore(v) {
		if s, _ := mac.(string); strings.ToUpper(s) != s || strings.Contains(s, ":") {
			t.Errorf("hardware address %v", mac)
		}
	}
}

func TestHostIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, root := hostOf(t, `netinfo.enabled: false, cache.ttl: 1m`, debian)
		first := p.version()
		<-time.After(2 * time.Minute)
		if p.version() != first {
			t.Error("a look at the same host changes the version")
		}
		if err := os.WriteFile(filepath.Join(root, "etc/machine-id"), []byte("4567"), 0o644); err != nil {
			t.Fatal(err)
		}
		if p.version() != first {
			t.Error("it is read again before its time")
		}
		<-time.After(time.Minute)
		if p.version() == first {
			t.Error("another host has the same version")
		}
		d := &Document{}
		_, _ = p.run(d)
		if id, _ := d.Get("host.id"); id != "4567" {
			t.Errorf("host.id is %v", id)
		}
	})
}

// What is cached must survive what later processors do to documents.
func TestCacheIsNotShared(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "..1", map[string]string{"labels": `a="1"`})
	chain, p := podOf(t, ``, dir, podEnvironment)
	d := &Document{}
	chain.Run(d)
	before := toJSON(t, p.fields.fields)
	for _, path := range []string{"kubernetes.labels.a", "kubernetes.pod.name", "service.name"} {
		if err := d.Put(path, "changed"); err != nil {
			t.Fatal(err)
		}
	}
	maps.DeleteFunc(d.Fields, func(string, any) bool { return true })
	if toJSON(t, p.fields.fields) != before {
		t.Error("a document's change is in the cache")
	}
}
