package grafana_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"sigs.k8s.io/yaml"

	"github.com/logcar/logcar/deploy/tests/grafana"
	"github.com/logcar/logcar/monitor"
)

const (
	dashboardFile = "../../grafana/dashboard.json"
	alertsFile    = "../../grafana/alerts.yml"
	scrapeFile    = "../../grafana/scrape.yml"
)

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestGenerated(t *testing.T) {
	var got bytes.Buffer
	if err := grafana.Write(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), read(t, dashboardFile)) {
		t.Errorf("%s is not what the program makes; in deploy/tests: go run ./cmd/grafana > ../grafana/dashboard.json", dashboardFile)
	}
}

// exposed are the metrics that logcar has, with the labels of each: what its
// endpoint answers.
func exposed(t *testing.T) map[string]map[string]bool {
	t.Helper()
	reasons := map[string]uint64{"x": 1}
	snapshot := monitor.Snapshot{BytesDropped: reasons, EventsDropped: reasons, DeadLetters: reasons, Files: []monitor.File{{Path: "/mnt/app.log"}},
		Storage: monitor.Storage{Limit: 1, Volumes: []monitor.Volume{{Path: "/mnt"}}}, Output: monitor.Output{StallCause: "x"},
		Config: monitor.Configuration{Reloads: map[string]uint64{"ok": 0, "refused": 0}}}
	server, err := monitor.New(monitor.Config{Host: "127.0.0.1"}, func() monitor.Snapshot { return snapshot }, func() {})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	response, err := http.Get("http://" + server.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it is read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string]map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? `).FindAllStringSubmatch(string(text), -1) {
		metrics[m[1]] = map[string]bool{}
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
			metrics[m[1]][l[1]] = true
		}
	}
	if len(metrics) < 15 {
		t.Fatalf("metrics %v", metrics)
	}
	return metrics
}

// targetLabels are those that scrape.yml gives to every series.
func targetLabels(t *testing.T) map[string]bool {
	t.Helper()
	var config struct {
		Scrape []struct {
			Relabel []struct {
				Target string `json:"target_label"`
				Regex  string `json:"regex"`
			} `json:"relabel_configs"`
		} `json:"scrape_configs"`
	}
	if err := yaml.Unmarshal(read(t, scrapeFile), &config); err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, r := range config.Scrape[0].Relabel {
		if r.Target != "" {
			targets[r.Target] = true
		}
	}
	port := config.Scrape[0].Relabel[0].Regex
	if sidecar := read(t, "../../kubernetes/components/sidecar/sidecar.yaml"); !strings.Contains(string(sidecar), "- name: "+port+"\n") {
		t.Errorf("the sidecar has no port %s", port)
	}
	return targets
}

var grafanaVariables = strings.NewReplacer("$__rate_interval", "5m", "$namespace", ".*", "$pod", ".*")

// check parses a query and looks up its metrics and labels.
func check(t *testing.T, where, query string, metrics map[string]map[string]bool, targets map[string]bool) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(grafanaVariables.Replace(query))
	if err != nil {
		t.Errorf("%s: %s: %v", where, query, err)
		return
	}
	known := map[string]bool{}
	selectors := 0
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			selectors++
			own, found := metrics[s.Name]
			if !found {
				t.Errorf("%s: logcar has no metric %s", where, s.Name)
			}
			for _, m := range s.LabelMatchers {
				if m.Name != model.MetricNameLabel && !own[m.Name] && !targets[m.Name] {
					t.Errorf("%s: %s has no label %s", where, s.Name, m.Name)
				}
			}
			for l := range own {
				known[l] = true
			}
		}
		return nil
	})
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok {
			for _, l := range a.Grouping {
				if !known[l] && !targets[l] {
					t.Errorf("%s: grouped by %s, which no metric has", where, l)
				}
			}
		}
		return nil
	})
	if selectors == 0 {
		t.Errorf("%s: %s asks for nothing", where, query)
	}
}

type dashboard struct {
	Panels []struct {
		ID      int
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr string }
	}
	Templating struct {
		List []struct {
			Name  string
			Query any
		}
	}
}

func TestDashboard(t *testing.T) {
	metrics, targets := exposed(t), targetLabels(t)
	var d dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &d); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || len(p.Targets) == 0 {
			t.Errorf("panel %s: id %d, %d queries", p.Title, p.ID, len(p.Targets))
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %s lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			check(t, "panel "+p.Title, q.Expr, metrics, targets)
			for name := range metrics {
				used[name] = used[name] || strings.Contains(q.Expr, name)
			}
		}
	}
	for name := range metrics {
		if !used[name] && name != "logcar_events_in_flight" {
			t.Errorf("metric %s is on no panel", name)
		}
	}
	for _, v := range d.Templating.List {
		if q, ok := v.Query.(map[string]any); ok {
			metric, _, _ := strings.Cut(strings.TrimPrefix(q["query"].(string), "label_values("), ",")
			check(t, "variable "+v.Name, metric, metrics, targets)
		}
	}
}

func rules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(alertsFile, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return groups.Groups[0].Rules
}

func TestAlertRules(t *testing.T) {
	metrics, targets := exposed(t), targetLabels(t)
	for _, r := range rules(t) {
		check(t, r.Alert, r.Expr, metrics, targets)
		if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s: labels %v, annotations %v", r.Alert, r.Labels, r.Annotations)
		}
	}
}

// Each alert comes in its case and in none of the others.
func TestAlertsFire(t *testing.T) {
	const series = `{namespace="n",pod="p"`
	cases := []struct{ name, alert, load string }{
		{"all is well", "", `
			logcar_events_dropped_total` + series + `,reason="too_large"} 0x60
			logcar_events_dropped_total` + series + `,reason="filtered"} 0+100x60
			logcar_events_dropped_total` + series + `,reason="dead_letter"} 0x60
			logcar_dead_letter_events_total` + series + `,reason="refused"} 0x60
			logcar_output_stalled` + series + `} 0x60
			logcar_lag_bytes` + series + `,path="/a"} 1000x60
			logcar_lag_seconds` + series + `} 0.5x60
			logcar_storage_used_bytes` + series + `} 500x60
			logcar_storage_limit_bytes` + series + `} 1000x60
			logcar_config_reloads_total` + series + `,result="ok"} 0+1x60
			logcar_config_reloads_total` + series + `,result="refused"} 3x60
			logcar_output_errors_total` + series + `} 0+1x60
			logcar_output_requests_total` + series + `} 0+100x60
			logcar_start_time_seconds` + series + `} 1x60
			logcar_cut_events_total` + series + `} 0x60
			logcar_truncated_events_total` + series + `} 0x60`},
		{"an event is dropped", "LogcarDropsEvents", `logcar_events_dropped_total` + series + `,reason="too_large"} 0x50 1x10`},
		{"an event is set aside", "LogcarSetsEventsAside", `
			logcar_events_dropped_total` + series + `,reason="dead_letter"} 0x50 1x10
			logcar_dead_letter_events_total` + series + `,reason="refused"} 0x50 1x10`},
		{"Kafka is away", "LogcarStalled", `logcar_output_stalled` + series + `} 0x50 1x10`},
		{"more is written than sent", "LogcarLags", `logcar_lag_bytes` + series + `,path="/a"} 0+2000000x60`},
		{"the volume fills up", "LogcarVolumeFull", "logcar_storage_used_bytes" + series + "} 0+20x60\nlogcar_storage_limit_bytes" + series + "} 1000x60"},
		{"a burst that is worked off", "", `logcar_lag_bytes` + series + `,path="/a"} 900000000-10000000x60`},
		{"requests fail", "LogcarOutputErrors", "logcar_output_errors_total" + series + "} 0+9x60\nlogcar_output_requests_total" + series + "} 0+10x60"},
		{"crashes", "LogcarRestarts", `logcar_start_time_seconds` + series + `} 1x20 2x10 3x10 4x20`},
		{"one update", "", `logcar_start_time_seconds` + series + `} 1x40 2x20`},
		{"what is read waits", "LogcarLate", `logcar_lag_seconds` + series + `} 0x30 0+60x30`},
		{"a refused configuration", "LogcarRefusesConfiguration", `logcar_config_reloads_total` + series + `,result="refused"} 0x30 1x30`},
		{"events too long for Kafka", "LogcarCutsEvents", "logcar_truncated_events_total" + series + "} 0+1x60\nlogcar_cut_events_total" + series + "} 0x60"},
		{"events longer than max_bytes", "LogcarCutsEvents", "logcar_truncated_events_total" + series + "} 0x60\nlogcar_cut_events_total" + series + "} 0+1x60"},
	}
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	fired := map[string]bool{}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			storage := promqltest.LoadedStorage(t, "load 1m\n"+strings.TrimLeft(c.load, "\n"))
			for _, r := range rules(t) {
				query, err := engine.NewInstantQuery(t.Context(), storage, nil, r.Expr, time.Unix(3600, 0))
				if err != nil {
					t.Fatal(err)
				}
				result := query.Exec(t.Context())
				vector, err := result.Vector()
				if err != nil {
					t.Fatal(err)
				}
				fired[r.Alert] = fired[r.Alert] || len(vector) > 0
				if got := len(vector) > 0; got != (r.Alert == c.alert) {
					t.Errorf("%s comes: %v (%v)", r.Alert, got, vector)
				}
				checkSubject(t, r.Alert, vector)
				query.Close()
			}
		})
	}
	for _, r := range rules(t) {
		if !fired[r.Alert] {
			t.Errorf("no case for %s", r.Alert)
		}
	}
}

// checkSubject wants to know of every alert whose it is.
func checkSubject(t *testing.T, alert string, vector promql.Vector) {
	t.Helper()
	for _, s := range vector {
		if s.Metric.Get("namespace") != "n" || s.Metric.Get("pod") != "p" {
			t.Errorf("%s says nothing of its pod: %v", alert, s.Metric)
		}
	}
}
