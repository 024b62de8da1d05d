package main

import (
	"slices"
	"strings"
	"testing"
)

func TestParseList(t *testing.T) {
	got := parseList("# for the build\nlibrbd-dev\n\n  gcc # the compiler\n")
	if want := []string{"librbd-dev", "gcc"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMissing(t *testing.T) {
	dpkg := "gcc installed\nlibrbd-dev config-files\nceph-mon installed\n"
	got := missing([]string{"ceph-mon", "librbd-dev", "gcc", "ceph-osd"}, dpkg)
	if want := []string{"librbd-dev", "ceph-osd"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: a package that left only its configuration behind is not installed", got, want)
	}
}

func TestKnownLeavesOutWhatTheReleaseLacks(t *testing.T) {
	policy := "gcc:\n  Installed: (none)\n  Candidate: 4:12.2.0-3\n  Version table:\n     4:12.2.0-3 500\n" +
		"virtual-only:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n"
	got := known([]string{"unheard-of", "virtual-only", "gcc"}, policy)
	if want := []string{"gcc"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNotDebianNamesThePackages(t *testing.T) {
	if text := notDebian([]string{"ceph-mon", "gcc"}).Error(); !strings.Contains(text, "ceph-mon\n  gcc") {
		t.Errorf("the operator is not told what to install: %s", text)
	}
}
