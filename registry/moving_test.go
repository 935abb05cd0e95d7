package registry

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

func TestTail(t *testing.T) {
	tail := TailOf(100, []byte("the end"))
	for _, c := range []struct {
		name string
		tail Tail
		text string
		want bool
	}{
		{"the same", tail, "the end", true},
		{"another", tail, "The end", false},
		{"less", tail, "he end", false},
		{"nothing", tail, "", false},
		{"nothing known", Tail{}, "whatever", true},
		{"made of nothing", TailOf(100, nil), "whatever", true},
		{"before the beginning", TailOf(6, []byte("the end")), "whatever", true},
	} {
		if got := c.tail.Matches([]byte(c.text)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A tail is saved with what else there is to save, and of the latest read alone.
func TestTailIsSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{})
	c := r.Cursor(State{ID: fileID(1), Born: 1_700_000_000_123_456_789})
	save(t, r)
	c.SetTail(10, []byte("ten bytes."))
	buf := []byte("twenty")
	c.SetTail(20, buf)
	copy(buf, "xxxxxx") // it is the caller's
	if r.dirty.Load() {
		t.Error("reading alone asks for a save")
	}
	c.Issue(20).Done()
	save(t, r)
	states := load(t, path)
	if want := TailOf(20, []byte("twenty")); len(states) != 1 || states[0].Tail != want || states[0].Born != 1_700_000_000_123_456_789 {
		t.Errorf("saved %+v, want tail %+v", states, want)
	}
	if again, _ := r.Lookup(fileID(1)); again != states[0] {
		t.Errorf("the second look finds %+v, the file has %+v", again, states[0])
	}
}

// What an older logcar wrote has neither times of birth nor tails; what is not
// possible is not taken.
func TestTailFormat(t *testing.T) {
	const record = `{"version":1,"files":[{"device":1,"inode":2,"head_len":0,"head_sum":"0000000000000000","path":"/a","position":7,"updated":"2026-01-02T03:04:05Z"%s}]}`
	for members, want := range map[string]string{
		``: "",
		`,"born":5,"tail_end":9,"tail_len":4,"tail_sum":"00000000000000ff"`: "",
		`,"tail_end":9,"tail_len":-4,"tail_sum":"00000000000000ff"`:         "tail_len -4",
		`,"tail_end":3,"tail_len":4,"tail_sum":"00000000000000ff"`:          "tail_end 3",
		`,"tail_end":9,"tail_len":4`:                                        "tail_sum",
		`,"tail_end":9,"tail_len":4,"tail_sum":"xyz"`:                       "tail_sum",
	} {
		_, err := decode([]byte(strings.Replace(record, "%s", members, 1)))
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", members, err, want)
		}
	}
}

// A content that goes over to another file takes what is pending along.
func TestMove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.json")
	r, _ := open(t, path, Options{})
	c := r.Cursor(State{ID: fileID(1), Path: "/a"})
	other := r.Cursor(State{ID: fileID(2), Path: "/a.1"})
	token, late := c.Issue(10), c.Issue(30)
	r.Move(c, State{ID: fileID(2), Path: "/a.1", Born: 5}, math.MaxInt64)
	anew := r.Cursor(State{ID: fileID(1), Path: "/a"})
	token.Done()
	other.Issue(99).Done() // detached
	anew.Issue(3).Done()
	for id, want := range map[uint64]int64{1: 3, 2: 10} {
		if s, ok := r.Lookup(fileID(id)); !ok || s.Position != want {
			t.Errorf("file %d: %+v, %v; want position %d", id, s, ok, want)
		}
	}
	if s, _ := r.Lookup(fileID(2)); s.Born != 5 || s.Path != "/a.1" {
		t.Errorf("moved to %+v", s)
	}
	// A copy that holds less than was read: its position is its end at most.
	r.Move(c, State{ID: fileID(3), Path: "/a.2"}, 25)
	late.Done()
	if s, ok := r.Lookup(fileID(3)); !ok || s.Position != 25 || c.Position() != 30 {
		t.Errorf("saved as %+v, %v; the cursor is at %d", s, ok, c.Position())
	}
	if _, ok := r.Lookup(fileID(2)); ok {
		t.Error("the first copy is still known")
	}
	save(t, r)
	if n := r.Stats(); n.StrayAcks != 0 || n.Files != 2 {
		t.Errorf("%+v", n)
	}
}
