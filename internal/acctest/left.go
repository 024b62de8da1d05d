//go:build cgo

package acctest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
)

// started are the providers that this process has served: one for each run of terraform in its tests.
var started struct {
	sync.Mutex
	providers []provider.Provider
}

func recordStart(p provider.Provider) provider.Provider {
	started.Lock()
	defer started.Unlock()
	started.providers = append(started.providers, p)
	return p
}

// closeProviders ends the connections of all providers.
func closeProviders() error {
	started.Lock()
	defer started.Unlock()
	var all []error
	for _, p := range started.providers {
		if closer, ok := p.(io.Closer); ok {
			all = append(all, closer.Close())
		}
	}
	started.providers = nil
	return errors.Join(all...)
}

const (
	// leftLimit is how long what was closed may take to go.
	leftLimit = 20 * time.Second
	// spare is what the runtime and the test framework may hold besides.
	spare = 20
)

// held counts what this process holds. Threads are those of the client libraries: the runtime's own have the process's name.
type held struct{ goroutines, threads, files int }

func (h held) String() string {
	return fmt.Sprintf("%d goroutines, %d threads of client libraries, %d file descriptors", h.goroutines, h.threads, h.files)
}

func holds() held {
	h := held{goroutines: runtime.NumGoroutine()}
	own, _ := os.ReadFile("/proc/self/comm")
	names, _ := filepath.Glob("/proc/self/task/*/comm")
	for _, name := range names {
		if comm, err := os.ReadFile(name); err == nil && string(comm) != string(own) {
			h.threads++
		}
	}
	files, _ := os.ReadDir("/proc/self/fd")
	h.files = len(files)
	return h
}

// checkLeft is an error where the connections of a suite have left goroutines, threads or file descriptors behind. Before is what the
// process held before its tests.
func checkLeft(before held) error {
	if err := closeProviders(); err != nil {
		return err
	}
	for end := time.Now().Add(leftLimit); ; time.Sleep(50 * time.Millisecond) {
		after := holds()
		if after.goroutines <= before.goroutines+spare && after.threads <= before.threads && after.files <= before.files+spare {
			return nil
		}
		if time.Now().After(end) {
			var stacks strings.Builder
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
			return fmt.Errorf("the tests have left something behind: %s; before there were %s\n%s", after, before, stacks.String())
		}
	}
}
