package standstill

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestNothingIsSaidByWhatStandsStill stops a process that talks all the time, and listens.
func TestNothingIsSaidByWhatStandsStill(t *testing.T) {
	talker := exec.Command("sh", "-c", "while :; do echo .; sleep 0.001; done")
	out, err := talker.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := talker.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = talker.Process.Kill(); _ = talker.Wait() }()
	said := make(chan struct{}, 1<<16)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said <- struct{}{}
		}
	}()
	for range 20 {
		<-said
		if err := Begin(talker.Process.Pid); err != nil {
			t.Fatal(err)
		}
		for drained := false; !drained; { // what it had said before
			select {
			case <-said:
			case <-time.After(10 * time.Millisecond):
				drained = true
			}
		}
		select {
		case <-said:
			t.Fatal("it talks while it stands still")
		case <-time.After(20 * time.Millisecond):
		}
		End(talker.Process.Pid)
	}
}

func TestWhatHasEndedStandsStill(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	if err := Begin(gone.Process.Pid); err != nil {
		t.Error(err)
	}
	End(gone.Process.Pid)
}

// TestAProcessRunsUntilItIsStopped holds what Begin goes by.
func TestAProcessRunsUntilItIsStopped(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("threads are not shown here")
	}
	busy := exec.Command("sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Process.Kill(); _ = busy.Wait() }()
	pid := busy.Process.Pid
	for range 3 {
		if !runs(pid) {
			t.Fatal("what works is said to stand still")
		}
		if err := Begin(pid); err != nil {
			t.Fatal(err)
		}
		if runs(pid) {
			t.Fatal("what was stopped is said to work")
		}
		End(pid)
	}
}
