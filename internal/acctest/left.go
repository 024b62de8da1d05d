//go:build cgo

package acctest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
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
	// leftLimit is how long what was closed may take to go: an attempt to connect that was left ends by its connect_timeout.
	leftLimit = time.Minute
	// spare is how much may be left of goroutines and sockets: less than one for each provider that the tests of a package start.
	spare = 5
)

// held counts what connections of this process hold: goroutines of the clients, threads of the client libraries (the runtime's own have the
// process's name), and sockets. What the test framework holds, pipes above all, goes when the runtime collects it.
type held struct{ goroutines, threads, sockets int }

func (h held) String() string {
	return fmt.Sprintf("%d goroutines of clients, %d threads of client libraries, %d sockets", h.goroutines, h.threads, h.sockets)
}

// clientCode are parts of the names of functions of the clients.
var clientCode = regexp.MustCompile(`terraform-provider-ceph/internal/(ceph|libvirt|breaker|grace)|go-libvirt|go-ceph`)

// stacks are those of all goroutines, with an empty line between two.
func stacks() string {
	var text strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&text, 2) // a builder takes all
	return text.String()
}

func holds() held {
	var h held
	for _, stack := range strings.Split(stacks(), "\n\n") {
		if clientCode.MatchString(stack) {
			h.goroutines++
		}
	}
	own, _ := os.ReadFile("/proc/self/comm")
	names, _ := filepath.Glob("/proc/self/task/*/comm")
	for _, name := range names {
		if comm, err := os.ReadFile(name); err == nil && string(comm) != string(own) {
			h.threads++
		}
	}
	files, _ := filepath.Glob("/proc/self/fd/*")
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && strings.HasPrefix(target, "socket:") {
			h.sockets++
		}
	}
	return h
}

// checkLeft is an error where the connections of a suite have left something behind. Before is what the process held before its tests.
func checkLeft(before held) error {
	if err := closeProviders(); err != nil {
		return err
	}
	for end := time.Now().Add(leftLimit); ; time.Sleep(50 * time.Millisecond) {
		after := holds()
		if after.goroutines <= before.goroutines+spare && after.threads <= before.threads && after.sockets <= before.sockets+spare {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the tests have left something behind: %s; before there were %s\n%s", after, before, stacks())
		}
	}
}
