package monitor

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// metrics writes the snapshot in Prometheus' text format.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	snap := s.snapshot()
	_, _ = w.Write(snap.appendMetrics(nil)) // the client has gone
}

// exposition builds the text.
type exposition struct{ b []byte }

func (e *exposition) family(name, kind, help string) {
	e.b = fmt.Appendf(e.b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (e *exposition) value(name string, v any, labels ...string) {
	e.b = append(e.b, name...)
	for i := 0; i+1 < len(labels); i += 2 {
		sep := byte(',')
		if i == 0 {
			sep = '{'
		}
		e.b = append(e.b, sep)
		e.b = fmt.Appendf(e.b, `%s="%s"`, labels[i], escapeLabel.Replace(labels[i+1]))
	}
	if len(labels) > 0 {
		e.b = append(e.b, '}')
	}
	e.b = fmt.Appendf(e.b, " %v\n", v)
}

var escapeLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (e *exposition) single(name, kind, help string, v any) {
	e.family(name, kind, help)
	e.value(name, v)
}

func (e *exposition) byReason(name, help string, m map[string]uint64) {
	e.byLabel("reason", name, help, m)
}

func (e *exposition) byLabel(label, name, help string, m map[string]uint64) {
	e.family(name, "counter", help)
	for _, value := range slices.Sorted(maps.Keys(m)) {
		e.value(name, m[value], label, value)
	}
}

func (e *exposition) storage(s Storage) {
	if s.Limit > 0 { // otherwise nobody counts what is used
		e.single("logcar_storage_limit_bytes", "gauge", "Bytes that the directories of the logs may hold together.", s.Limit)
		e.single("logcar_storage_used_bytes", "gauge", "Bytes that they hold.", s.Used)
	}
	e.family("logcar_storage_size_bytes", "gauge", "Bytes that a volume with logs can hold.")
	for _, v := range s.Volumes {
		e.value("logcar_storage_size_bytes", v.Size, "path", v.Path)
	}
	e.family("logcar_storage_free_bytes", "gauge", "Of these, still free.")
	for _, v := range s.Volumes {
		e.value("logcar_storage_free_bytes", v.Free, "path", v.Path)
	}
	e.single("logcar_storage_deleted_files_total", "counter", "Rotated files that were deleted to make room.", s.Deleted)
	e.single("logcar_storage_deleted_bytes_total", "counter", "Bytes of the volume that this freed.", s.DeletedBytes)
}

func (s *Snapshot) appendMetrics(b []byte) []byte {
	e := exposition{b}
	e.family("logcar_build_info", "gauge", "Always 1; the version is in the label.")
	e.value("logcar_build_info", 1, "version", s.Version)
	e.single("logcar_start_time_seconds", "gauge", "When the process started, in Unix seconds.", s.Started.Unix())
	e.single("logcar_bytes_read_total", "counter", "Bytes of log files that were read, or seen and gone before.", s.BytesRead)
	e.single("logcar_bytes_acked_total", "counter", "Of these, confirmed by the destination.", s.BytesAcked)
	e.single("logcar_bytes_in_flight", "gauge", "Of these, neither confirmed nor dropped yet.", s.BytesInFlight)
	e.byReason("logcar_bytes_dropped_total", "Of these, not delivered, by reason.", s.BytesDropped)
	e.single("logcar_events_read_total", "counter", "Events that were cut from what was read.", s.EventsRead)
	e.single("logcar_events_acked_total", "counter", "Of these, confirmed by the destination.", s.EventsAcked)
	e.single("logcar_events_in_flight", "gauge", "Of these, neither confirmed nor dropped yet.", s.EventsFlying)
	e.byReason("logcar_events_dropped_total", "Of these, not delivered, by reason.", s.EventsDropped)
	e.byReason("logcar_dead_letter_events_total", "Events that the destination does not take, kept in the dead letter, by reason.", s.DeadLetters)
	e.single("logcar_open_files", "gauge", "Files that are open.", s.OpenFiles)
	e.single("logcar_file_truncations_total", "counter", "Times that a file became shorter than what was read of it.", s.Truncations)
	e.single("logcar_deleted_files_total", "counter", "Files that were deleted since they were delivered.", s.Deleted)
	e.single("logcar_corrupt_files_total", "counter", "Times that a compressed file could not be read to its end.", s.Corrupt)
	e.single("logcar_abandoned_bytes_total", "counter", "Bytes of deleted files that were let go of unread, by close_timeout.", s.Abandoned)
	e.single("logcar_invalid_utf8_bytes_total", "counter", "Bytes that were replaced by U+FFFD.", s.InvalidUTF8)
	e.single("logcar_cut_events_total", "counter", "Events whose text was cut at max_bytes or max_lines.", s.Cut)
	e.single("logcar_truncated_events_total", "counter", "Events whose text was cut to fit the broker's limit.", s.Truncated)
	e.single("logcar_output_requests_total", "counter", "Requests to the destination, failed ones included.", s.Output.Requests)
	e.single("logcar_output_errors_total", "counter", "Requests that failed, and were or will be repeated.", s.Output.Errors)
	e.single("logcar_output_wire_bytes_total", "counter", "Bytes of batches that were confirmed, compressed.", s.Output.WireBytes)
	e.storage(s.Storage)
	e.byLabel("result", "logcar_config_reloads_total", "Changed configurations, by what became of them.", s.Config.Reloads)
	stalled := 0
	if s.Output.Stalled != "" {
		stalled = 1
	}
	e.single("logcar_output_stalled", "gauge", "1 while nothing is confirmed although there is something to send.", stalled)
	e.family("logcar_output_stall_cause", "gauge", "1 for what it is that keeps everything from being confirmed; none while anything is.")
	if cause := s.Output.StallCause; cause != "" {
		e.value("logcar_output_stall_cause", 1, "cause", cause)
	}
	e.single("logcar_output_seconds_since_ack", "gauge", "Seconds since the last confirmation; 0 while there is nothing to send.", s.Output.Unconfirmed)
	e.single("logcar_output_forced_reconnects_total", "counter", "Times that all connections were closed because nothing was confirmed.", s.Output.Reconnects)
	e.single("logcar_output_failing_partitions", "gauge", "Partitions whose last request has failed.", s.Output.Failing)
	e.single("logcar_lag_seconds", "gauge", "Seconds since the oldest text was read that is not confirmed; 0 when all is.", s.Lag)
	e.family("logcar_lag_bytes", "gauge", "Bytes of a file that are not confirmed.")
	for _, f := range s.Files {
		e.value("logcar_lag_bytes", f.Lag(), "path", f.Path)
	}
	return e.b
}
