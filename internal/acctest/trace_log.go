//go:build cgo

package acctest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TraceLog is what a run of terraform logs of itself and of the provider.
type TraceLog struct {
	path string
}

// Trace lets terraform log everything from now on. Returns the log, which grows while terraform runs, and what ends it.
func (w *Workspace) Trace(t *testing.T) (log *TraceLog, end func()) {
	t.Helper()
	log = &TraceLog{path: filepath.Join(t.TempDir(), "trace.log")}
	w.Setenv("TF_LOG", "TRACE")
	w.Setenv("TF_LOG_PATH", log.path)
	return log, func() {
		w.Setenv("TF_LOG", "off")
		w.Setenv("TF_LOG_PATH", "")
	}
}

// Has reports whether a line of the log has all these words.
func (l *TraceLog) Has(words ...string) bool {
	content, _ := os.ReadFile(l.path) // it does not exist before Terraform writes to it
	for line := range strings.Lines(string(content)) {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
			return true
		}
	}
	return false
}

// HasCall reports whether the provider has begun an operation, such as Read or ModifyPlan, of a type of resources.
func (l *TraceLog) HasCall(operation, typeName string) bool {
	return l.Has("Calling provider defined Resource "+operation, "tf_resource_type="+typeName)
}
