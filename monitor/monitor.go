// Package monitor shows what logcar does to whoever asks over HTTP: numbers for
// Prometheus and for people, health for kubelet, and a way to announce the end of
// the pod.
//
// It is given a function that takes a snapshot, and asks nothing by itself: an
// endpoint that nobody calls costs nothing. It must never know where the numbers
// come from.
package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Snapshot is the state of the whole program at one moment.
type Snapshot struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	// The ledger. Always: BytesRead = BytesAcked + BytesInFlight + the sum of
	// BytesDropped, and the same for events. Bytes that were seen, and gone before
	// they could be read, are among both BytesRead and BytesDropped ("truncated" and
	// "deleted").
	BytesRead     uint64            `json:"bytes_read"`
	BytesAcked    uint64            `json:"bytes_acked"`
	BytesInFlight uint64            `json:"bytes_in_flight"`
	BytesDropped  map[string]uint64 `json:"bytes_dropped"` // by reason
	EventsRead    uint64            `json:"events_read"`
	EventsAcked   uint64            `json:"events_acked"`
	EventsFlying  uint64            `json:"events_in_flight"`
	EventsDropped map[string]uint64 `json:"events_dropped"`
	DeadLetters   map[string]uint64 `json:"dead_letters"` // of EventsDropped those that are kept in a file, by reason

	OpenFiles   int    `json:"open_files"`
	Truncations uint64 `json:"truncations"`     // of files, by their writers
	Deleted     uint64 `json:"deleted_files"`   // since they were delivered (delete.enabled)
	Corrupt     uint64 `json:"corrupt_files"`   // compressed, and not read to their end
	Abandoned   uint64 `json:"abandoned_bytes"` // of files that were gone, let go of unread (close_timeout)
	InvalidUTF8 uint64 `json:"invalid_utf8_bytes"`
	Truncated   uint64 `json:"truncated_events"` // for the broker's limit
	Cut         uint64 `json:"cut_events"`       // at max_bytes or max_lines

	Storage Storage `json:"storage"`

	Output Output `json:"output"`
	Files  []File `json:"files"`
	// Lag is how old the oldest text is that was read and is not confirmed, in
	// seconds; 0 when all is.
	Lag float64 `json:"lag_seconds"`

	Config Configuration `json:"config"`
}

// Configuration is the one that is active.
type Configuration struct {
	Hash    string            `json:"hash"`    // SHA-256 of its files
	Applied time.Time         `json:"applied"` // since when it is active
	Reloads map[string]uint64 `json:"reloads"` // changed ones, by result: ok, refused
	// Refused is what is wrong with the files, which are not what is active then.
	Refused string `json:"refused,omitempty"`
}

// Output is how the destination does.
type Output struct {
	Requests  uint64 `json:"requests"`
	Errors    uint64 `json:"errors"`
	WireBytes uint64 `json:"wire_bytes"`
	LogBytes  uint64 `json:"log_bytes"` // bytes of log files that are dealt with, those of dropped events included
	InFlight  int    `json:"batches_in_flight"`
	Waiting   int    `json:"events_waiting_for_topic,omitempty"` // of these, events whose topic cannot be had yet
	// Stalled is why nothing is confirmed although there is something to send;
	// empty while all is well.
	Stalled string `json:"stalled,omitempty"`
	// StallCause is the same in one word of a few, for alerts.
	StallCause string `json:"stall_cause,omitempty"`
	// Unconfirmed is how many seconds ago the last confirmation was; 0 while
	// there is nothing to send.
	Unconfirmed float64 `json:"seconds_since_ack"`
	Reconnects  uint64  `json:"forced_reconnects"`  // all connections were closed, because nothing was confirmed
	Failing     int     `json:"failing_partitions"` // whose last request has failed
}

// Storage is how full the volumes of the logs are, in bytes.
type Storage struct {
	Limit        int64    `json:"limit,omitempty"` // of the directories together; 0: unknown
	Used         int64    `json:"used"`            // in the directories; not counted without a limit
	Volumes      []Volume `json:"volumes"`
	Deleted      uint64   `json:"deleted_files"` // rotated ones, by logcar
	DeletedBytes uint64   `json:"deleted_bytes"`
}

// Volume is a file system that logs are on.
type Volume struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	Free int64  `json:"free"`
}

// File is one file that is followed.
type File struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`
	Read  int64  `json:"read"`  // offset up to which it is read
	Acked int64  `json:"acked"` // offset up to which everything is confirmed
}

// Lag is how many bytes of the file are not confirmed.
func (f File) Lag() int64 { return max(f.Size-f.Acked, 0) }

// Config is http.* of the configuration.
type Config struct {
	Host string // an address to listen on, or unix:///path
	Port int
}

// Server answers requests.
type Server struct {
	cfg      Config
	snapshot func() Snapshot
	drain    func()
	listener net.Listener
}

// New listens, so that a port that is taken is noticed at the start. Nothing is
// answered before Run. drain is called when the end of the pod is announced.
func New(cfg Config, snapshot func() Snapshot, drain func()) (*Server, error) {
	network, address := "tcp", net.JoinHostPort(cfg.Host, fmt.Sprint(cfg.Port))
	if path, ok := strings.CutPrefix(cfg.Host, "unix://"); ok {
		network, address = "unix", path
		if err := removeStale(path); err != nil {
			return nil, fmt.Errorf("http endpoint: %w", err)
		}
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, fmt.Errorf("http endpoint: %w", err)
	}
	return &Server{cfg: cfg, snapshot: snapshot, drain: drain, listener: l}, nil
}

// removeStale removes a socket that a killed process has left behind. One that
// somebody answers stays, and Listen says that it is in use.
func removeStale(path string) error {
	fi, err := os.Lstat(path)
	if err != nil || fi.Mode()&os.ModeSocket == 0 {
		return nil
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		return conn.Close()
	}
	return os.Remove(path)
}

// Close ends a server that was never run.
func (s *Server) Close() error { return s.listener.Close() }

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run answers until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	const patience = 5 * time.Second // with a client, at its slowest
	srv := &http.Server{Handler: s.routes(), ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("http endpoint: %w", err)
	}
	return nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.info)
	mux.HandleFunc("GET /stats", s.stats)
	mux.HandleFunc("GET /metrics", s.metrics)
	// Whether Kafka answers must not decide about the pod's life or traffic: a
	// restart would lose what is open, and help nobody.
	mux.HandleFunc("GET /health", ok)
	mux.HandleFunc("GET /ready", ok)
	mux.HandleFunc("POST /drain", s.announce)
	mux.HandleFunc("GET /drain", s.announce) // a preStop hook can only GET
	return mux
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }

func (s *Server) announce(w http.ResponseWriter, r *http.Request) {
	s.drain()
	ok(w, r)
}

func (s *Server) info(w http.ResponseWriter, r *http.Request) {
	reply(w, r, map[string]string{"beat": "filebeat", "version": s.snapshot().Version, "name": "logcar"})
}

func (s *Server) stats(w http.ResponseWriter, r *http.Request) { reply(w, r, s.snapshot()) }

func reply(w http.ResponseWriter, r *http.Request, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	e := json.NewEncoder(w)
	if r.URL.Query().Has("pretty") {
		e.SetIndent("", "  ")
	}
	_ = e.Encode(v) // the client has gone
}
