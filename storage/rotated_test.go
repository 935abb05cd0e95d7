package storage

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRotated(t *testing.T) {
	for _, c := range []struct {
		name  string
		files string // in the order in which they were last written to; those of one word at once
		want  string
	}{
		{"nothing", "", ""},
		{"one log", "app.log", ""},
		{"logs of their own", "a.log error.log gc.log", ""},
		{"counted", "app.log.2 app.log.1 app.log", "app.log.2 app.log.1"},
		{"counted, and none is new", "app.log.2 app.log.1", ""},
		{"counted, the application writes on", "app.log.2 app.log app.log.1", "app.log.2"},
		{"written to at the same time", "app.log.1=app.log", ""},
		{"no extension to count behind", "app.1 app", ""},
		{"workers", "worker-1.log worker.2.log worker.log worker-3.log", ""},
		{"dated, with a name for today", "app-2026-11-18.log app-2026-11-19.log app.log", "app-2026-11-18.log app-2026-11-19.log"},
		{"dated behind the name", "app.log.2026-11-19 app.log", "app.log.2026-11-19"},
		{"dated by logrotate", "app.log-20261118 app.log-20261119 app.log", "app.log-20261118 app.log-20261119"},
		{"dated, today too", "app-2026-11-18.log app-2026-11-19.log app-2026-11-20.log", "app-2026-11-18.log app-2026-11-19.log"},
		{"dated, and the past was written to last", "app-2026-11-20.log app-2026-11-19.log", ""},
		{"nothing but dates", "2026-11-19.log 2026-11-20.log", "2026-11-19.log"},
		{"dated and counted", "app-2026-11-19.0.log app-2026-11-20.0.log app-2026-11-20.1.log app-2026-11-20.10.log",
			"app-2026-11-19.0.log app-2026-11-20.0.log app-2026-11-20.1.log"},
		{"dated with a time", "app-2026-11-19T10-00-00.000.log app-2026-11-19T11-00-00.000.log app.log",
			"app-2026-11-19T10-00-00.000.log app-2026-11-19T11-00-00.000.log"},
		{"by the hour", "app.2026-11-20-12.log app.2026-11-20-13.log", "app.2026-11-20-12.log"},
		{"counted parts of dates", "app-2026-11-19.log.1 app-2026-11-19.log app-2026-11-20.log", "app-2026-11-19.log.1 app-2026-11-19.log"},
		{"series of their own", "a-2026-11-19.log b-2026-11-20.log", ""},
		{"numbers that are no dates", "app-2026-13-20.log app-20261.log app-1234-11-20.log app.log", ""},
		{"a number that is too long", "app-2026-11-20.99999999999999999999999.log app.log", ""},
		{"a date within a number", "app1202611205.log app.log", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var files []file
			at := time.Now()
			for _, names := range strings.Fields(c.files) {
				at = at.Add(time.Second)
				for name := range strings.SplitSeq(names, "=") {
					files = append(files, file{filepath.Join("/logs", name), at})
				}
			}
			var got []string
			for _, f := range rotated(files) {
				got = append(got, filepath.Base(f.path))
			}
			if want := strings.Fields(c.want); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// A directory's series are its own.
func TestRotatedElsewhere(t *testing.T) {
	now := time.Now()
	files := []file{{"/a/app.log.1", now}, {"/b/app.log", now.Add(time.Second)}}
	if got := rotated(files); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

// Whatever names there are: the file that was written to last is not rotated, nor
// is one of which there is no series.
func FuzzRotated(f *testing.F) {
	f.Add("app.log.1", "app.log")
	f.Add("app-2026-11-19.log", "app-2026-11-20.1.log")
	f.Fuzz(func(t *testing.T, a, b string) {
		now := time.Now()
		files := []file{{"/logs/" + a, now}, {"/logs/" + b, now.Add(time.Second)}}
		got := rotated(files)
		if len(got) > 1 || (len(got) == 1 && got[0] != files[0]) {
			t.Errorf("of %q and then %q: %v", a, b, got)
		}
		if len(rotated(files[:1])) > 0 {
			t.Errorf("%q alone is rotated", a)
		}
	})
}
