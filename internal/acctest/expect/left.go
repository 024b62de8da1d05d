package expect

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

// repeated is how often [NothingLeft] does what it watches, and kept is what may be left of all of it together, as threads of the runtime
// that it keeps for later: less than one for each time.
const (
	repeated = 40
	kept     = repeated / 4
)

// process counts what a process holds.
type process struct{ goroutines, threads, files int }

// String is the counts in words.
func (p process) String() string {
	return fmt.Sprintf("%d goroutines, %d threads, %d file descriptors", p.goroutines, p.threads, p.files)
}

// NothingLeft does something many times, and fails if each time leaves a goroutine, a thread or a file descriptor behind, which may take a
// while to go. Only Linux tells.
func NothingLeft(t *testing.T, do func()) {
	t.Helper()
	do() // what is made once stays
	before, err := thisProcess()
	if err != nil {
		if runtime.GOOS == "linux" {
			t.Fatal(err)
		}
		t.Skip(err) // elsewhere there is no /proc
	}
	for range repeated {
		do()
	}
	Eventually(t, "what was begun to end; before there were "+before.String(), func() bool {
		now, err := thisProcess()
		if err != nil {
			t.Fatal(err)
		}
		t.Log(now)
		return now.goroutines < before.goroutines+kept && now.threads < before.threads+kept && now.files < before.files+kept
	})
}

func thisProcess() (process, error) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return process{}, err
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return process{}, err
	}
	return process{runtime.NumGoroutine(), len(threads), len(files)}, nil
}
