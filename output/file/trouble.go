package file

import (
	"time"

	"go.uber.org/zap"
)

// trouble keeps the log readable while something fails again and again: one line
// when it begins, one when its cause changes, and one when it is over.
type trouble struct {
	log      *zap.Logger
	what     string
	cause    string // empty: no trouble
	since    time.Time
	failures int
}

func (t *trouble) failed(err error) {
	if t.cause == "" {
		t.since, t.failures = time.Now(), 0
	}
	t.failures++
	if cause := err.Error(); cause != t.cause {
		t.cause = cause
		t.log.Warn(t.what+" fails, trying again", zap.Error(err))
	}
}

func (t *trouble) over() {
	if t.cause == "" {
		return
	}
	t.cause = ""
	t.log.Info(t.what+" works again", zap.Int("failures", t.failures), zap.Duration("after", time.Since(t.since).Round(time.Millisecond)))
}
