// Package grafana makes the dashboard of deploy/grafana.
//
// It is written in Go so that its panels are lines and not pages. The package
// knows Grafana's format of version 10 and later, and nothing of a running
// Grafana.
package grafana

import (
	"encoding/json"
	"fmt"
	"io"
)

type object = map[string]any

// Grafana's grid is this many columns wide.
const gridWidth = 24

// A panel shows the results of some queries.
type panel struct {
	title, description string
	kind               string // timeseries, stat or table
	unit               string
	width, height      int
	queries            []query
}

type query struct{ expr, legend string }

// chosen limits every query to what the variables at the top choose.
const chosen = `namespace=~"$namespace",pod=~"$pod"`

// Series per pod are summed over its files or reasons.
func perPod(expr string) query {
	return query{"sum by (namespace, pod) (" + expr + ")", "{{namespace}}/{{pod}}"}
}

func rate(metric string) string { return "rate(" + metric + "{" + chosen + "}[$__rate_interval])" }

func sum(expr string) string { return "sum(" + expr + ")" }

var panels = []panel{
	{"Pods", "With a logcar that answers.", "stat", "short", 3, 4, []query{{"count(logcar_build_info{" + chosen + "})", ""}}},
	{"Log bytes read", "", "stat", "Bps", 3, 4, []query{{sum(rate("logcar_bytes_read_total")), ""}}},
	{"Sent, compressed", "", "stat", "Bps", 3, 4, []query{{sum(rate("logcar_output_wire_bytes_total")), ""}}},
	{"Not confirmed", "Bytes that lie in the files and are not confirmed.", "stat", "bytes", 3, 4, []query{{"sum(logcar_lag_bytes{" + chosen + "})", ""}}},
	{"Oldest not confirmed", "How long ago it was read.", "stat", "s", 3, 4, []query{{"max(logcar_lag_seconds{" + chosen + "})", ""}}},
	{"Stalled pods", "They have something to send, and nothing is confirmed.", "stat", "short", 3, 4, []query{{"sum(logcar_output_stalled{" + chosen + "})", ""}}},
	{"Events dropped, 24 h", "What the configuration drops on purpose, or sets aside, not counted.", "stat", "short", 3, 4,
		[]query{{`sum(increase(logcar_events_dropped_total{reason!~"filtered|processors|dead_letter",` + chosen + `}[24h]))`, ""}}},
	{"Configurations refused, 24 h", "Changed ones; the one before stays active, and /stats says what is wrong.", "stat", "short", 3, 4,
		[]query{{`sum(increase(logcar_config_reloads_total{result="refused",` + chosen + `}[24h]))`, ""}}},

	{"Read and confirmed", "The two lie one on the other while all is well.", "timeseries", "Bps", 12, 8,
		[]query{{sum(rate("logcar_bytes_read_total")), "read"}, {sum(rate("logcar_bytes_acked_total")), "confirmed"}}},
	{"Not confirmed, by pod", "Bytes of the files that are not confirmed: the lag.", "timeseries", "bytes", 12, 8, []query{perPod("logcar_lag_bytes{" + chosen + "}")}},
	{"Since when", "How long ago the oldest text was read that is not confirmed: the lag in seconds.", "timeseries", "s", 12, 8, []query{
		{"max by (namespace, pod) (logcar_lag_seconds{" + chosen + "})", "{{namespace}}/{{pod}}"}}},
	{"Events", "", "timeseries", "eps", 12, 8,
		[]query{{sum(rate("logcar_events_read_total")), "read"}, {sum(rate("logcar_events_acked_total")), "confirmed"}}},
	{"In flight", "Bytes that are read and not confirmed.", "timeseries", "bytes", 12, 8, []query{perPod("logcar_bytes_in_flight{" + chosen + "}")}},
	{"Requests to Kafka", "", "timeseries", "reqps", 12, 8,
		[]query{{sum(rate("logcar_output_requests_total")), "all"}, {sum(rate("logcar_output_errors_total")), "failed"}}},
	{"Log bytes per byte sent", "How far compression goes.", "timeseries", "short", 12, 8,
		[]query{{sum(rate("logcar_bytes_acked_total")) + " / " + sum(rate("logcar_output_wire_bytes_total")), "ratio"}}},
	{"Why nothing is confirmed", "Pods, by what logcar has found out.", "timeseries", "short", 12, 8,
		[]query{{"sum by (cause) (logcar_output_stall_cause{" + chosen + "})", "{{cause}}"}}},
	{"Since the last confirmation", "Counted while there is something to send.", "timeseries", "s", 12, 8, []query{perPod("logcar_output_seconds_since_ack{" + chosen + "}")}},
	{"Failing partitions", "", "timeseries", "short", 12, 8, []query{perPod("logcar_output_failing_partitions{" + chosen + "}")}},
	{"Forced reconnects", "Nothing was confirmed, and all connections were closed.", "timeseries", "short", 12, 8,
		[]query{{"sum(increase(logcar_output_forced_reconnects_total{" + chosen + "}[$__rate_interval]))", ""}}},
	{"Events dropped, by reason", "", "timeseries", "short", 12, 8,
		[]query{{"sum by (reason) (increase(logcar_events_dropped_total{" + chosen + "}[$__rate_interval]))", "{{reason}}"}}},
	{"Ledger", "Read, less confirmed, in flight and dropped: 0, always.", "timeseries", "bytes", 12, 8, []query{{
		"sum by (namespace, pod) (logcar_bytes_read_total{" + chosen + "} - logcar_bytes_acked_total{" + chosen + "} - logcar_bytes_in_flight{" + chosen + "})" +
			" - sum by (namespace, pod) (logcar_bytes_dropped_total{" + chosen + "})", "{{namespace}}/{{pod}}"}}},
	{"Volume of the logs", "How full it is: of what its directories may hold, where that is configured, and of the file system.", "timeseries", "percentunit", 12, 8, []query{
		{"max by (namespace, pod) (logcar_storage_used_bytes{" + chosen + "} / logcar_storage_limit_bytes{" + chosen + "})", "{{namespace}}/{{pod}}"},
		{"max by (namespace, pod) (1 - logcar_storage_free_bytes{" + chosen + "} / logcar_storage_size_bytes{" + chosen + "})", "{{namespace}}/{{pod}}, file system"}}},
	{"Rotated files deleted", "By logcar, to make room (logcar.storage.delete), or since they were delivered (delete.enabled).", "timeseries", "short", 12, 8, []query{
		{"sum(increase(logcar_deleted_files_total{" + chosen + "}[$__rate_interval]))", "delivered files"},
		{"sum(increase(logcar_storage_deleted_files_total{" + chosen + "}[$__rate_interval]))", "files"},
		{"sum(increase(logcar_storage_deleted_bytes_total{" + chosen + "}[$__rate_interval])) / 1e6", "MB"}}},
	{"Cut and mended", "Events cut at max_bytes, max_lines or the broker's limit, or set aside in the dead letter; bytes that were not UTF-8; files that became shorter.", "timeseries", "short", 12, 8, []query{
		{"sum(increase(logcar_truncated_events_total{" + chosen + "}[$__rate_interval]))", "cut for the broker"},
		{"sum(increase(logcar_cut_events_total{" + chosen + "}[$__rate_interval]))", "cut at max_bytes"},
		{"sum(increase(logcar_dead_letter_events_total{" + chosen + "}[$__rate_interval]))", "set aside"},
		{"sum(increase(logcar_corrupt_files_total{" + chosen + "}[$__rate_interval]))", "files corrupt"},
		{"sum(increase(logcar_abandoned_bytes_total{" + chosen + "}[$__rate_interval]))", "bytes let go of by close_timeout"},
		{"sum(increase(logcar_invalid_utf8_bytes_total{" + chosen + "}[$__rate_interval]))", "bytes not UTF-8"},
		{"sum(increase(logcar_file_truncations_total{" + chosen + "}[$__rate_interval]))", "files truncated"}}},
	{"Starts and open files", "", "timeseries", "short", 12, 8, []query{
		{"sum(changes(logcar_start_time_seconds{" + chosen + "}[$__rate_interval]))", "restarts"},
		{"sum(logcar_open_files{" + chosen + "})", "open files"}}},
	{"Versions", "", "table", "short", 24, 6, []query{{"count by (namespace, version) (logcar_build_info{" + chosen + "})", ""}}},
}

// Dashboard is the whole dashboard.
func Dashboard() object {
	drawn := []object{}
	x, y, rowHeight := 0, 0, 0
	for i, p := range panels {
		if x+p.width > gridWidth {
			x, y, rowHeight = 0, y+rowHeight, 0
		}
		drawn = append(drawn, p.draw(i+1, x, y))
		x, rowHeight = x+p.width, max(rowHeight, p.height)
	}
	return object{
		"uid": "logcar", "title": "logcar", "description": "What the sidecars read, deliver and drop.", "tags": []string{"logs"},
		"schemaVersion": 39, "version": 1, "editable": true, "refresh": "30s", "timezone": "",
		"time":       object{"from": "now-1h", "to": "now"},
		"templating": object{"list": variables()},
		"panels":     drawn,
	}
}

var source = object{"type": "prometheus", "uid": "${datasource}"}

func (p panel) draw(id, x, y int) object {
	targets := []object{}
	for i, q := range p.queries {
		t := object{"refId": string(rune('A' + i)), "expr": q.expr, "legendFormat": q.legend, "datasource": source}
		if p.kind != "timeseries" {
			t["instant"] = true
		}
		if p.kind == "table" {
			t["format"] = "table"
		}
		targets = append(targets, t)
	}
	options := object{}
	switch p.kind {
	case "timeseries":
		options = object{"legend": object{"displayMode": "list", "placement": "bottom"}, "tooltip": object{"mode": "multi", "sort": "desc"}}
	case "stat":
		options = object{"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}, "colorMode": "value", "graphMode": "none"}
	}
	return object{
		"id": id, "type": p.kind, "title": p.title, "description": p.description, "datasource": source,
		"gridPos":     object{"x": x, "y": y, "w": p.width, "h": p.height},
		"targets":     targets,
		"fieldConfig": object{"defaults": object{"unit": p.unit, "min": 0}, "overrides": []any{}},
		"options":     options,
	}
}

func variables() []object {
	label := func(name, title, query string) object {
		return object{
			"name": name, "label": title, "type": "query", "datasource": source, "query": object{"query": query, "refId": name},
			"refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"},
		}
	}
	return []object{
		{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
		label("namespace", "Namespace", "label_values(logcar_build_info, namespace)"),
		label("pod", "Pod", `label_values(logcar_build_info{namespace=~"$namespace"}, pod)`),
	}
}

// Write writes the dashboard. The same program always writes the same bytes.
func Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(Dashboard()); err != nil {
		return fmt.Errorf("write dashboard: %w", err)
	}
	return nil
}
