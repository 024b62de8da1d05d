package testbed

import (
	"os"
	"strings"
	"testing"
)

func TestPrepareDirRefuses(t *testing.T) {
	full := "/tmp/bed-test-full"
	if err := os.MkdirAll(full+"/data", 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(full)
	for dir, want := range map[string]string{
		"/tmp/" + strings.Repeat("x", maxDirLength): "too long",
		full: "isn't empty",
	} {
		if _, err := prepareDir(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := os.Stat(full + "/data"); err != nil {
		t.Error("somebody else's folder was touched")
	}
}

func TestCheckNames(t *testing.T) {
	for _, names := range [][]string{{"kvm1", "kvm1"}, {"guest"}, {"a/b"}, {""}, {"thirteen-char"}} {
		if checkNames(Options{Hypervisors: names}) == nil {
			t.Errorf("%q were accepted", names)
		}
	}
	if err := checkNames(Options{Hypervisors: []string{"kvm1"}, Clusters: []ClusterOptions{{Name: "east"}}}); err != nil {
		t.Error(err)
	}
}
