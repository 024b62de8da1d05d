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

func TestAptInstallsOnlyWhatIsMissing(t *testing.T) {
	commands := aptCommands([]string{"ceph-osd"})
	if len(commands) != 2 || commands[0][0] != "update" || commands[1][0] != "install" {
		t.Fatalf("want an update, then an install: %q", commands)
	}
	install := strings.Join(commands[1], " ")
	for _, word := range []string{"--yes", "--no-install-recommends", " ceph-osd"} {
		if !strings.Contains(install, word) {
			t.Errorf("%q lacks %q", install, word)
		}
	}
}

func TestNotDebianNamesThePackages(t *testing.T) {
	if text := notDebian([]string{"ceph-mon", "gcc"}).Error(); !strings.Contains(text, "ceph-mon\n  gcc") {
		t.Errorf("the operator is not told what to install: %s", text)
	}
}
