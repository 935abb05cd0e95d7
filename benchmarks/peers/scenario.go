package peers

import "github.com/logcar/logcar/benchmarks/applog"

// Scenario is a job that each program is given in its own configuration.
// Everywhere the events get two constant fields, namespace and service-name.
type Scenario struct {
	Name   string
	What   string
	Format applog.Format // of the log
	// Anchor matches the first line of every event and no other line: in RE2's
	// syntax, PCRE's and POSIX's alike. JSON logs have an event in each line.
	Anchor string
	// Dissect asks for the level as a field of its own, taken from the text.
	Dissect bool
}

const (
	timestamp = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}"
	// Whether a character is one of the forty, the beginning of the level or both
	// is open at each: that is too much for a small automaton.
	levelSomewhere = "^.{0,40}(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +[0-9]+ --- [[]"
)

// Main is the name of the job that logcar was made for.
const Main = "traces"

// Scenarios lists the jobs. The first is Main; the others leave the ways that
// logcar has made fast.
var Scenarios = []Scenario{
	{Name: Main, What: "stack traces joined by the timestamp of their first line", Format: applog.Plain, Anchor: timestamp},
	{Name: "processor", What: "the same, and a processor that takes the level out of each event", Format: applog.Plain, Anchor: timestamp, Dissect: true},
	{Name: "json", What: "JSON lines, decoded", Format: applog.JSON},
	{Name: "regexp", What: "stack traces joined by a regular expression with many ways to match", Format: applog.Plain, Anchor: levelSomewhere},
	{Name: "utf-16", What: "stack traces joined, in UTF-16", Format: applog.UTF16, Anchor: timestamp},
}

// JSON reports whether the log has JSON lines.
func (s Scenario) JSON() bool { return s.Format == applog.JSON }

// UTF16 reports whether the log is in UTF-16, little end first.
func (s Scenario) UTF16() bool { return s.Format == applog.UTF16 }
