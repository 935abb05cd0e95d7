package processor

import (
	"bufio"
	"cmp"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// addHost is add_host_metadata.
type addHost struct {
	root    string // where /etc and /proc are
	netinfo bool
	name    string
	geo     map[string]any
	replace bool
	host    cached
}

var addHostMetadataKind = kind{
	Info: Info{Name: "add_host_metadata", Note: "Adds what is known of the host below host: in a container, what the container shows of it.", Options: []OptionInfo{
		{Name: "netinfo.enabled", Type: Bool, Default: "true", Note: "Whether host.ip and host.mac are added."},
		{Name: "cache.ttl", Type: Duration, Default: "5m", Note: "After what time to look again; at least a second."},
		{Name: "name", Type: String, Note: "host.name, in place of the host's own."},
		{Name: "replace_fields", Type: Bool, Default: "true", Note: "Whether an event that has more than host.name below host is changed."},
		{Name: "geo.name", Type: String, Note: "host.geo.name; the others likewise."},
		{Name: "geo.location", Type: String, Note: "Latitude and longitude: 40.7128, -74.0060."},
		{Name: "geo.continent_name", Type: String},
		{Name: "geo.country_name", Type: String},
		{Name: "geo.country_iso_code", Type: String},
		{Name: "geo.region_name", Type: String},
		{Name: "geo.region_iso_code", Type: String},
		{Name: "geo.city_name", Type: String},
	}},
	build: newAddHost,
}

func newAddHost(o *options) action {
	p := &addHost{root: "/", netinfo: o.on("netinfo.enabled"), name: o.text("name"), replace: o.on("replace_fields"), geo: map[string]any{}}
	for _, key := range []string{"name", "location", "continent_name", "country_name", "country_iso_code", "region_name", "region_iso_code", "city_name"} {
		if text := o.text("geo." + key); text != "" {
			p.geo[key] = text
		}
	}
	if text := o.text("geo.location"); text != "" && !isLocation(text) {
		o.errorf("geo.location", "%q is no location; expected latitude and longitude such as 40.7128, -74.0060", text)
	}
	p.host.every = max(o.duration("cache.ttl"), time.Second)
	p.host.read = p.read
	return p
}

func isLocation(text string) bool {
	latitude, longitude, ok := strings.Cut(text, ",")
	_, err1 := strconv.ParseFloat(strings.TrimSpace(latitude), 64)
	_, err2 := strconv.ParseFloat(strings.TrimSpace(longitude), 64)
	return ok && err1 == nil && err2 == nil
}

var hostPath = newPath("host")

func (p *addHost) run(d *Document) (bool, error) {
	if v, err := d.get(hostPath); err == nil && !p.replace {
		m, ok := v.(map[string]any)
		if _, named := m["name"]; ok && (!named || len(m) > 1) {
			return true, nil
		}
	}
	fields, _ := p.host.get()
	d.DeepMerge(fields, true)
	return true, nil
}

func (p *addHost) version() uint64 {
	_, n := p.host.get()
	return n
}

func (p *addHost) touches() touched { return touched{writes: []string{"host"}} }

func (p *addHost) read() (fields map[string]any, changed bool) {
	hostname, _ := os.Hostname() // unknown stays empty
	host := map[string]any{
		"name":          cmp.Or(p.name, hostname),
		"hostname":      hostname,
		"architecture":  architecture(),
		"containerized": p.containerized(),
		"os":            p.system(),
	}
	if id := p.text("etc/machine-id"); id != "" {
		host["id"] = id
	}
	if p.netinfo {
		ips, macs := addresses()
		if len(ips) > 0 {
			host["ip"] = ips
		}
		if len(macs) > 0 {
			host["mac"] = macs
		}
	}
	if len(p.geo) > 0 {
		host["geo"] = p.geo
	}
	fields = map[string]any{"host": host}
	return fields, !reflect.DeepEqual(fields, p.host.fields)
}

// architecture gives the machine's name for what Go calls otherwise.
func architecture() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	case "386":
		return "i686"
	}
	return runtime.GOARCH
}

// text is a small file's, trimmed; empty when it cannot be read.
func (p *addHost) text(name string) string {
	b, _ := os.ReadFile(filepath.Join(p.root, name))
	return strings.TrimSpace(string(b))
}

func (p *addHost) containerized() bool {
	if os.Getenv("KUBERNETES_SERVICE_HOST") != "" {
		return true
	}
	for _, name := range []string{".dockerenv", "run/.containerenv"} {
		if _, err := os.Stat(filepath.Join(p.root, name)); err == nil {
			return true
		}
	}
	cgroup := p.text("proc/1/cgroup")
	for _, word := range []string{"kubepods", "docker", "containerd", "lxc"} {
		if strings.Contains(cgroup, word) {
			return true
		}
	}
	return false
}

// families are Filebeat's groups of distributions.
var families = map[string]string{
	"debian": "debian", "ubuntu": "debian", "raspbian": "debian", "linuxmint": "debian",
	"rhel": "redhat", "centos": "redhat", "fedora": "redhat", "rocky": "redhat", "almalinux": "redhat", "ol": "redhat", "amzn": "redhat", "scientific": "redhat",
	"sles": "suse", "suse": "suse", "opensuse": "suse", "opensuse-leap": "suse", "opensuse-tumbleweed": "suse",
	"arch": "arch", "manjaro": "arch", "alpine": "alpine",
}

// system is host.os, from os-release.
func (p *addHost) system() map[string]any {
	release := parseRelease(cmp.Or(p.text("etc/os-release"), p.text("usr/lib/os-release")))
	id := strings.ToLower(release["ID"])
	system := map[string]any{"type": runtime.GOOS}
	for key, value := range map[string]string{
		"platform": cmp.Or(id, runtime.GOOS),
		"family":   families[id],
		"name":     release["NAME"],
		"version":  cmp.Or(release["VERSION"], release["VERSION_ID"]),
		"codename": release["VERSION_CODENAME"],
		"kernel":   p.text("proc/sys/kernel/osrelease"),
	} {
		if value != "" {
			system[key] = value
		}
	}
	return system
}

func parseRelease(text string) map[string]string {
	release := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			release[key] = strings.Trim(value, `"'`)
		}
	}
	return release
}

// addresses lists those of all interfaces but loopback, with hardware addresses as
// ECS wants them: upper case and hyphens.
func addresses() (ips, macs []any) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, nil
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 {
			continue
		}
		if len(i.HardwareAddr) > 0 {
			macs = append(macs, strings.ToUpper(strings.ReplaceAll(i.HardwareAddr.String(), ":", "-")))
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				ips = append(ips, n.IP.String())
			}
		}
	}
	return ips, macs
}
