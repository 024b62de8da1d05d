//go:build cgo

package faults_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	keptFile  = flag.String("faults", "", "let each fault meet all its operations, and keep the rows in this file; what it has is left out")
	tableFile = flag.String("table", "", "with -faults: write the table of all rows to this file")
)

// result is what one line of the table says.
type result struct {
	Fault, Operation string
	Said             string  // by the first error or warning
	Seconds          float64 // from the fault, or the beginning of the operation, to the operation's end
	Exit             int
	Left             []string // kinds of objects that were there, and not in the state
	Converged        bool     // the next apply came to its end
	Commit           string
}

// table are the rows that earlier runs of the same commit have kept, and those of this one.
type table struct {
	path, commit string
	rows         []result
}

func openTable(t *testing.T) *table {
	t.Helper()
	kept := &table{path: *keptFile}
	if !kept.full() {
		return kept
	}
	commit, err := exec.CommandContext(t.Context(), "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		t.Fatal(err)
	}
	kept.commit = strings.TrimSpace(string(commit))
	content, err := os.ReadFile(kept.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Commit == kept.commit {
			kept.rows = append(kept.rows, r)
		}
	}
	return kept
}

// full tells whether every operation of each fault is to be met.
func (kept *table) full() bool { return kept.path != "" }

// has tells whether an earlier run has kept a row that was as it has to be.
func (kept *table) has(fault, operation string) bool {
	for _, r := range kept.rows {
		if r.Fault == fault && r.Operation == operation && r.Converged {
			return true
		}
	}
	return false
}

// add prints a row, and keeps it.
func (kept *table) add(t *testing.T, r result) {
	t.Helper()
	r.Commit = kept.commit
	t.Log(r.line())
	kept.rows = append(kept.rows, r)
	if !kept.full() {
		return
	}
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(kept.path), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(kept.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// line is the row as the table has it.
func (r result) line() string {
	left, converged := "nothing", "yes"
	if len(r.Left) > 0 {
		left = strings.Join(r.Left, ", ")
	}
	if !r.Converged {
		converged = "**no**"
	}
	said := strings.NewReplacer("|", "\\|", "<", "\\<").Replace(r.Said)
	return fmt.Sprintf("| %s | %s | %s | %.1f | %d | %s | %s |", r.Fault, r.Operation, said, r.Seconds, r.Exit, left, converged)
}

// write writes the table in the order of the faults. It is written where no row is missing.
func (kept *table) write(t *testing.T) {
	t.Helper()
	if *tableFile == "" {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, `# Faults

What make test-faults saw on %s, at commit %s: each fault, made on real daemons while Terraform runs; the operation that it met, and the
call in whose midst it began; what Terraform said first; the seconds from the beginning of the fault, or of the operation, to the end of the
operation (every entry of the provider block had %s for its connection and for each operation, or more where something comes before the
fault or where that is not what ends it);
Terraform's exit code; which objects were there and not in the state; and whether the next apply came to its end, with nothing left behind.

| Fault | Operation | What the user saw | Seconds | Exit | Left behind | Next apply |
|---|---|---|---|---|---|---|
`, time.Now().UTC().Format(time.DateOnly), kept.commit, shortLimit)
	for _, f := range all() {
		for _, row := range f.rows {
			last := -1
			for i, r := range kept.rows {
				if r.Fault == f.name && r.Operation == row.label() {
					last = i
				}
			}
			if last < 0 {
				t.Logf("the table is not written: it lacks %s, %s", f.name, row.label())
				return
			}
			text.WriteString(kept.rows[last].line() + "\n")
		}
	}
	if err := os.WriteFile(*tableFile, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
