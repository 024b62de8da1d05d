//go:build cgo

package upgrade_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

var (
	keepState    = flag.String("keep", "", "folder of testdata/states to which the state and what was made are written")
	keepProvider = flag.String("provider", "", "binary of the provider that writes the state, built of the commit that names the folder")
)

// TestAccKeepState applies a configuration with an earlier provider, and writes the state and what was made to the test data. See
// make keep-state.
func TestAccKeepState(t *testing.T) {
	if *keepState == "" {
		t.Skip("writes test data: make keep-state")
	}
	folder := filepath.Join(states, *keepState)
	runScript(t, folder, "before.txt")
	w := acctest.NewWorkspaceWith(t, *keepProvider, filepath.Join("internal", "upgrade", folder))
	setVariables(t, w)
	// The provider stores a former name in the private state.
	w.Set(t, "renamed", false)
	w.Apply(t)
	w.Set(t, "renamed", true)
	w.Apply(t)
	w.Apply(t, "-refresh-only")
	w.ExpectEmptyPlan(t)

	all := objectTokens(t)
	state := toTestData(t, w.State(t), all)
	if again := toTestData(t, fromTestData(t, state, all), all); string(again) != string(state) {
		t.Fatalf("the state differs after it went from the test data and back:\n%s", again)
	}
	write(t, filepath.Join(folder, "state.json"), string(state))
	if err := os.RemoveAll(filepath.Join(folder, "made")); err != nil {
		t.Fatal(err)
	}
	for name, content := range made(t) {
		write(t, filepath.Join(folder, "made", name), content)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
