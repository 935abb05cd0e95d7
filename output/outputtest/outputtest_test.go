package outputtest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRun shows that a sink that keeps the contract passes.
func TestRun(t *testing.T) { Run(t, memoryHarness(none)) }

type defect string

const (
	none                defect = ""
	reorders            defect = "reorders"
	repeats             defect = "repeats"
	writesRubbish       defect = "writes rubbish"
	keepsBytes          defect = "keeps bytes"
	doneEarly           defect = "done early"
	doneTwice           defect = "done twice"
	forgetsEmpty        defect = "forgets empty batches"
	cutsHugeBatches     defect = "cuts huge batches"
	losesTheLast        defect = "loses the last"
	takesWithoutBound   defect = "takes without bound"
	sendIgnoresContext  defect = "send ignores its context"
	refusesAtOnce       defect = "refuses at once"
	doneWhenRefused     defect = "done when refused"
	closeIgnoresContext defect = "close ignores its context"
	closeHidesLoss      defect = "close hides loss"
	doneAfterClose      defect = "done after close"
	hidesFailure        defect = "hides failure"
	leaks               defect = "leaks"
)

// defectVariable tells the test binary, when it runs itself, what is wrong with
// the sink.
const defectVariable = "OUTPUTTEST_DEFECT"

// TestDefects shows that the contract finds each defect, and by which check.
func TestDefects(t *testing.T) {
	for defect, check := range map[defect]string{
		reorders:            "OrderPerSource",
		repeats:             "OrderPerSource",
		writesRubbish:       "OrderPerSource",
		keepsBytes:          "KeepsNoBytes",
		doneEarly:           "DoneAfterDelivery",
		doneTwice:           "DoneAfterDelivery",
		forgetsEmpty:        "NoEvents",
		cutsHugeBatches:     "FewHugeBatches",
		losesTheLast:        "CloseDelivers",
		leaks:               "CloseUnused",
		takesWithoutBound:   "BlocksWhileFull",
		sendIgnoresContext:  "BlocksWhileFull",
		refusesAtOnce:       "BlocksWhileFull",
		doneWhenRefused:     "BlocksWhileFull",
		closeIgnoresContext: "CloseWhileBlocked",
		closeHidesLoss:      "CloseWhileBlocked",
		doneAfterClose:      "CloseWhileBlocked",
		hidesFailure:        "FailsForGood",
	} {
		t.Run(string(defect), func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestDefective$/^"+check+"$", "-test.timeout=1m")
			cmd.Env = append(os.Environ(), defectVariable+"="+string(defect))
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestDefective/"+check) {
				t.Errorf("check %s does not find it: %v\n%s", check, err, out)
			}
			if strings.Contains(string(out), "panic: ") {
				t.Errorf("check %s does not end in good order:\n%s", check, out)
			}
		})
	}
}

// TestDefective is what TestDefects runs; by itself it has nothing to do.
func TestDefective(t *testing.T) {
	d := defect(os.Getenv(defectVariable))
	if d == none {
		return
	}
	h := memoryHarness(d)
	h.Patience, h.Capacity = 3*time.Second, 1<<20
	Run(t, h)
}
