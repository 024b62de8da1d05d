//go:build cgo && stubs

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// go-ceph's own objects tell what it needs, so a new release of it that calls another function is seen here, by the function's name.
func TestFunctionsAreThoseThatGoCephCalls(t *testing.T) {
	want, err := functions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../functions.h")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) == string(want) {
		return
	}
	calls, stubs := names(want), names(have)
	for _, name := range calls {
		if !slices.Contains(stubs, name) {
			t.Errorf("go-ceph calls %s, which has no stub", name)
		}
	}
	for _, name := range stubs {
		if !slices.Contains(calls, name) {
			t.Errorf("%s has a stub, and go-ceph doesn't call it", name)
		}
	}
	t.Error("functions.h is stale: make generate")
}

func names(header []byte) []string {
	var names []string
	for line := range strings.Lines(string(header)) {
		if fields := strings.Split(line, ", "); len(fields) > 1 {
			names = append(names, fields[1])
		}
	}
	return names
}
