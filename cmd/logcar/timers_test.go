package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
)

// environment is what a running process was started with.
func (p *process) environment() []string {
	p.t.Helper()
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	var list []string
	for variable := range bytes.SplitSeq(env, []byte{0}) {
		list = append(list, string(variable))
	}
	return list
}

// The process that ships is the one that was started, however it relaxes its
// timers, and its user can have them left alone.
func TestTimersAreRelaxedInPlace(t *testing.T) {
	for set, want := range map[string]string{"": slackVariable + "=1ms", slackVariable + "=off": slackVariable + "=off"} {
		t.Run(want, func(t *testing.T) {
			p := newPod(t)
			cmd := p.command()
			if cmd.Env = os.Environ(); set != "" {
				cmd.Env = append(cmd.Env, set)
			}
			run := begin(t, cmd)
			p.write("app.log", "a line")
			run.awaitMessage("a line")
			if env := run.environment(); !slices.Contains(env, want) {
				t.Errorf("no %s in the environment of the process, which is %q", want, env)
			}
			run.terminate()
			run.wantMessages("a line")
		})
	}
}
