package expect

import (
	"context"
	"slices"
	"sync"
)

// Log keeps the lines of a client's log, of changes and of reads: a calllog.Sink.
type Log struct {
	mu             sync.Mutex
	changes, reads []string
}

// Enabled tells that all lines are wanted.
func (l *Log) Enabled(context.Context, bool) bool { return true }

// Write keeps a line.
func (l *Log) Write(_ context.Context, change bool, message string, _ map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if change {
		l.changes = append(l.changes, message)
	} else {
		l.reads = append(l.reads, message)
	}
}

// Changes returns the lines of changes so far.
func (l *Log) Changes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.changes)
}

// Reads returns the lines of reads so far.
func (l *Log) Reads() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.reads)
}
