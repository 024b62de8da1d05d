package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/coverage"
)

// What only a whole run can tell are the crosses. The rows and the reasons are known at once.
func TestTableHasTheRowsAndReasonsOfTheCode(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "..", file))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _, err := section(string(content))
	if err != nil {
		t.Fatal(err)
	}
	rows, seen := rows(t.Context()), coverage.ReadTable(table)
	if diff := difference(table, coverage.Table(rows, seen, explained)); diff != "" {
		t.Error(diff)
	}
	for _, mark := range coverage.Missing(rows, seen, explained) {
		t.Errorf("neither shown nor explained: %s", mark)
	}
}
