package tailer

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logcar/logcar/registry"
)

// A position that Filebeat has left says nothing of the file's content: it is
// taken where it can be right, and completed for the next time.
func TestImportedPosition(t *testing.T) {
	const text = "one\ntwo\nthree\n"
	for name, c := range map[string]struct {
		position int64
		age      time.Duration // of the position
		want     string
	}{
		"at the beginning":      {0, 0, text},
		"behind a line":         {4, 0, "two\nthree\n"},
		"at the end":            {14, 0, ""},
		"within a line":         {6, 0, text},
		"behind the end":        {15, 0, text},
		"older than the file":   {4, time.Hour, text},
		"of the same second":    {8, 0, "three\n"},
		"of a time to come":     {8, -time.Hour, "three\n"},
		"older, from its start": {0, time.Hour, text},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t, polling)
				s.put("a.log", text)
				fi, err := os.Stat(s.abs("a.log"))
				if err != nil {
					t.Fatal(err)
				}
				updated := fi.ModTime().Add(-c.age) // the bubble has a time of its own
				reg := openRegistry(t, s.data)
				reg.Cursor(registry.State{ID: idOf(fi), Path: s.abs("a.log"), Position: c.position, Updated: updated})
				if err := reg.Save(); err != nil {
					t.Fatal(err)
				}
				s.do("input *.log", "start", "expect position a.log 14")
				s.wantText("a.log", c.want)
				st, _ := s.reg.Lookup(idOf(fi))
				if st.Head != registry.HeadOf([]byte(text)) || st.Born == 0 || st.Tail != registry.TailOf(14, []byte(text)) {
					t.Errorf("it is not complete: %+v", st)
				}
				s.do("end")
			})
		})
	}
}
