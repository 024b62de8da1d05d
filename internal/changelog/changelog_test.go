package changelog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/changelog"
)

const example = `# Changelog

How it is written.

## Unreleased

## 0.2.0 (2026-12-24)

FEATURES

- resource/ceph_pool, resource/ceph_user: new
- data-source/ceph_pools, ceph_users: new

BUG FIXES

- provider: ends

## 0.1.0 (2026-12-01)

SAFETY

- testbed: first
`

func TestTheChangelogOfTheProvider(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := changelog.Parse(string(text)); err != nil {
		t.Error(err)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"no title":            {"# Changelog", "# Changes", "begin with"},
		"no sections":         {"## ", "### ", "begin with"},
		"nothing unreleased":  {"## Unreleased\n\n", "", "first section"},
		"no date":             {" (2026-12-24)", "", "not of the form"},
		"no such day":         {"2026-12-24", "2026-02-31", "out of range"},
		"no semantic version": {"0.2.0", "0.two", "0.two"},
		"a tag":               {"## 0.2.0", "## v0.2.0", "written as 0.2.0"},
		"older above newer":   {"0.2.0", "0.0.9", "not newer"},
		"twice":               {"0.2.0", "0.1.0", "not newer"},
		"a pre-release above": {"0.2.0", "0.1.0-rc1", "not newer"},
		"no entries":          {"- testbed: first", "", "SAFETY is empty"},
		"no group":            {"SAFETY\n\n", "", "stands before"},
		"an empty release":    {"SAFETY\n\n- testbed: first\n", "", "no entry"},
		"an empty group":      {"- provider: ends", "BUG FIXES", "BUG FIXES is empty"},
		"groups out of order": {"BUG FIXES", "UPGRADE NOTES", "not in the order"},
		"an unknown group":    {"BUG FIXES", "FIXES", `"FIXES" is not`},
		"no subject":          {"provider: ends", "ends", "not of the form"},
		"an unknown kind":     {"provider:", "module/x:", "not of the form"},
		"a full stop":         {"ends", "ends.", "not of the form"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.ReplaceAll(example, test.old, test.new)
			if _, err := changelog.Parse(text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	for name, want := range map[string]string{
		"v0.1.0":             "SAFETY\n\n- testbed: first",
		"0.1.0":              "SAFETY\n\n- testbed: first",
		changelog.Unreleased: "",
	} {
		if got, err := changelog.Notes(example, name); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := changelog.Notes(example, "v0.3.0"); err == nil || !strings.Contains(err.Error(), "no section of 0.3.0") {
		t.Errorf("a release without a section: %v", err)
	}
}
