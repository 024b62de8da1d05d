package coverage

import (
	"slices"
	"strings"
	"testing"
)

func TestNotesBecomeTheTable(t *testing.T) {
	dir := t.TempDir()
	for _, mark := range []Mark{Set, Changed} {
		if err := Append(dir, "ceph_pool", "size", mark); err != nil {
			t.Fatal(err)
		}
	}
	seen, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	rows := []Row{{"ceph_pool", "size", []Mark{Set, Changed, Drifted}}, {"ceph_pool", "fsid", []Mark{Set}}}
	explained := Explained{"ceph_pool fsid set": "Nobody sets it."}
	if got := Missing(rows, seen, explained); !slices.Equal(got, []string{"ceph_pool size drifted"}) {
		t.Errorf("missing %v", got)
	}
	table := Table(rows, seen, explained)
	for _, want := range []string{
		"| ceph_pool | size | x | x | – | – |  | – | – |\n", "| ceph_pool | fsid | 1 | – | – | – | – | – | – |\n",
		"1. Nobody sets it.\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
}
