package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// originIn is the origin in a folder with these files of terraform.
func originIn(t *testing.T, folder, backend, workspace string) string {
	t.Helper()
	t.Setenv("TF_WORKSPACE", "")
	t.Setenv("TF_DATA_DIR", "")
	t.Chdir(folder)
	if err := os.MkdirAll(".terraform", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"terraform.tfstate": backend, "environment": workspace} {
		if err := os.WriteFile(filepath.Join(".terraform", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return origin()
}

// The origin is the same in every folder whose backend keeps the same state, and in no other. No password of a backend's address is in it.
func TestOrigin(t *testing.T) {
	in := func(folder, backend, workspace string) string { return originIn(t, folder, backend, workspace) }
	one, other := t.TempDir(), t.TempDir()
	const (
		s3    = `{"backend": {"type": "s3", "config": {"bucket": "b", "key": "k", "secret_key": null, "max_retries": 5}}}`
		s3Two = `{"backend": {"type": "s3", "config": {"bucket": "b", "key": "other"}}}`
		http  = `{"backend": {"type": "http", "config": {"address": "https://states.example/one"}}}`
		login = `{"backend": {"type": "http", "config": {"address": "https://user:secret@states.example/one"}}}`
		local = `{"backend": {"type": "local", "config": {"path": "s.tfstate"}}}`
	)
	for name, test := range map[string]struct {
		first, second [3]string
		same          bool
	}{
		"one folder":               {[3]string{one, "", ""}, [3]string{one, "", ""}, true},
		"two folders":              {[3]string{one, "", ""}, [3]string{other, "", ""}, false},
		"two folders, local":       {[3]string{one, local, ""}, [3]string{other, local, ""}, false},
		"two workspaces":           {[3]string{one, "", ""}, [3]string{one, "", "blue"}, false},
		"one backend":              {[3]string{one, s3, ""}, [3]string{other, s3, ""}, true},
		"one backend, workspaces":  {[3]string{one, s3, "blue"}, [3]string{other, s3, "green"}, false},
		"another key":              {[3]string{one, s3, ""}, [3]string{one, s3Two, ""}, false},
		"an address with password": {[3]string{one, http, ""}, [3]string{other, login, ""}, true},
		"damaged":                  {[3]string{one, "{", ""}, [3]string{one, "", "default\n"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			first := in(test.first[0], test.first[1], test.first[2])
			if second := in(test.second[0], test.second[1], test.second[2]); first == "" || (first == second) != test.same {
				t.Errorf("%q and %q, same wanted: %v", first, second, test.same)
			}
		})
	}
	// Records in clusters hold it, so it stays what it was.
	for backend, want := range map[string]string{s3: "bcb4f569d1320ef7", http: "59dcf65966080f49"} {
		if got := in(one, backend, ""); got != want {
			t.Errorf("the origin of %s was %s, and is %s", backend, want, got)
		}
	}
	selected := in(one, "", "blue")
	in(one, "", "")
	t.Setenv("TF_WORKSPACE", "blue")
	if origin() != selected {
		t.Error("the environment's workspace does not count")
	}
}

// The backends remote and cloud tell of their workspaces in a block.
func TestOriginOfHostedStates(t *testing.T) {
	folder := t.TempDir()
	hosted := func(kind, workspaces string) string {
		const backend = `{"backend": {"type": %q, "config": {"hostname": null, "organization": "acme", "token": null, "workspaces": %s}}}`
		return originIn(t, folder, fmt.Sprintf(backend, kind, workspaces), "")
	}
	seen := map[string]string{}
	for _, place := range [][2]string{
		{"remote", "null"},
		{"remote", `[{"name": "one", "prefix": null}]`},
		{"remote", `[{"name": "two", "prefix": null}]`},
		{"remote", `[{"name": null, "prefix": "one"}]`},
		{"cloud", `{"name": "one", "project": null, "tags": null}`},
		{"cloud", `{"name": "two", "project": null, "tags": null}`},
		{"cloud", `{"name": "one", "project": "blue", "tags": null}`},
		{"cloud", `{"name": null, "project": null, "tags": ["one"]}`},
		{"cloud", `{"name": null, "project": null, "tags": ["one", "two"]}`},
		{"cloud", `{"name": null, "project": null, "tags": {"one": "two"}}`},
	} {
		found, text := hosted(place[0], place[1]), strings.Join(place[:], " ")
		if before := seen[found]; before != "" || found != hosted(place[0], place[1]) {
			t.Errorf("%s and %s have one origin, or one of them has two", before, text)
		}
		seen[found] = text
	}
	if hosted("remote", `[{"prefix": null, "name": "one"}]`) != hosted("remote", `{"name": "one"}`) {
		t.Error("the way in which a block is written counts")
	}
}
