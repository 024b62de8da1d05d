//go:build cgo

package acctest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
)

// terraformTimeout bounds one terraform command.
const terraformTimeout = 5 * time.Minute

// Workspace is a folder in which terraform runs as a command, with the provider as users get it: a binary in a filesystem mirror.
type Workspace struct {
	// Dir is the folder.
	Dir string

	command string
	env     []string
}

// built is the provider's binary, built once for a test binary.
var built = sync.OnceValues(func() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "provider-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "terraform-provider-ceph")
	build := exec.Command("go", "build", "-o", binary, root)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

// NewWorkspace returns a workspace with a copy of the files of a folder of the repository, such as
// "examples/multiple-clusters", and runs terraform init in it.
func NewWorkspace(t *testing.T, folder string) *Workspace {
	t.Helper()
	Bed(t)
	return newWorkspace(t, built, copyOf(folder))
}

// NewWorkspaceWith is [NewWorkspace] with another binary of the provider, such as one of an earlier commit.
func NewWorkspaceWith(t *testing.T, binary, folder string) *Workspace {
	t.Helper()
	Bed(t)
	return newWorkspace(t, func() (string, error) { return binary, nil }, copyOf(folder))
}

// copyOf returns a function that copies the files of a folder of the repository.
func copyOf(folder string) func(dir string) error {
	return func(dir string) error {
		root, err := moduleRoot()
		if err != nil {
			return err
		}
		return os.CopyFS(dir, os.DirFS(filepath.Join(root, folder)))
	}
}

// NewWorkspaceOf is [NewWorkspace] with a text as the only file of its configuration.
func NewWorkspaceOf(t *testing.T, configuration string) *Workspace {
	t.Helper()
	Bed(t)
	return newWorkspace(t, built, fileOf(configuration))
}

// NewWorkspaceStarting is [NewWorkspaceOf] with a program that Terraform starts instead of the provider.
func NewWorkspaceStarting(t *testing.T, program, configuration string) *Workspace {
	t.Helper()
	Bed(t)
	return newWorkspace(t, func() (string, error) { return program, nil }, fileOf(configuration))
}

// Binary returns the path of the provider's binary.
func Binary(t *testing.T) string {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// fileOf returns a function that writes a text as main.tf.
func fileOf(configuration string) func(dir string) error {
	return func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o600)
	}
}

func newWorkspace(t *testing.T, provider func() (string, error), fill func(dir string) error) *Workspace {
	t.Helper()
	binary, err := provider()
	if err != nil {
		t.Fatal(err)
	}
	w := &Workspace{Dir: filepath.Join(t.TempDir(), "work")}
	if err := os.Mkdir(w.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := fill(w.Dir); err != nil {
		t.Fatal(err)
	}
	if w.command, err = terraformcli.Find(t.Context(), filepath.Dir(binary)); err != nil {
		t.Fatal(err)
	}
	config, err := terraformcli.Mirror(t.TempDir(), binary)
	if err != nil {
		t.Fatal(err)
	}
	w.env = terraformcli.Env(config)
	w.Terraform(t, "init", "-input=false")
	return w
}

// In returns a workspace for a folder within this one, whose configuration may use modules that lie beside it, and runs terraform init
// there. Variables that were set before are set there too.
func (w *Workspace) In(t *testing.T, folder string) *Workspace {
	t.Helper()
	within := &Workspace{Dir: filepath.Join(w.Dir, folder), command: w.command, env: slices.Clone(w.env)}
	within.Terraform(t, "init", "-input=false")
	return within
}

// Set sets a variable of the configuration through the environment, so that no key gets into a file or argv.
func (w *Workspace) Set(t *testing.T, name string, value any) {
	t.Helper()
	text, isText := value.(string)
	if !isText {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	w.Setenv("TF_VAR_"+name, text)
}

// Setenv sets a variable of the environment of the terraform command.
func (w *Workspace) Setenv(name, value string) {
	kept := make([]string, 0, len(w.env)+1)
	for _, entry := range w.env {
		if !strings.HasPrefix(entry, name+"=") {
			kept = append(kept, entry)
		}
	}
	w.env = append(kept, name+"="+value)
}

// Try runs terraform and returns what it printed.
func (w *Workspace) Try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), terraformTimeout)
	defer cancel()
	var out bytes.Buffer
	err := w.Command(ctx, &out, args...).Run()
	return out.String(), err
}

// TryBeside is [Workspace.Try] beside the test; wait waits for its end.
func (w *Workspace) TryBeside(t *testing.T, args ...string) (wait func() (string, error)) {
	t.Helper()
	var out string
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out, err = w.Try(t, args...)
	}()
	return func() (string, error) {
		<-ended
		return out, err
	}
}

// Command returns a terraform command of this workspace, not started yet, whose output and errors both go to out.
func (w *Workspace) Command(ctx context.Context, out io.Writer, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, w.command, append(args, noColor(args)...)...)
	command.Dir, command.Env = w.Dir, w.env
	command.Stdout, command.Stderr = out, out
	return command
}

// noColor is the flag for commands that color their output; the others refuse it.
func noColor(args []string) []string {
	switch args[0] {
	case "init", "plan", "apply", "destroy", "refresh", "import", "query", "test":
		return []string{"-no-color"}
	}
	return nil
}

// Terraform runs terraform and fails the test when it fails.
func (w *Workspace) Terraform(t *testing.T, args ...string) string {
	t.Helper()
	out, err := w.Try(t, args...)
	if err != nil {
		t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Apply applies the configuration.
func (w *Workspace) Apply(t *testing.T, args ...string) string {
	t.Helper()
	return w.Terraform(t, append([]string{"apply", "-auto-approve", "-input=false"}, args...)...)
}

// Destroy destroys everything.
func (w *Workspace) Destroy(t *testing.T) {
	t.Helper()
	w.Terraform(t, "destroy", "-auto-approve", "-input=false")
}

// ExpectEmptyPlan fails the test when a plan would change anything.
func (w *Workspace) ExpectEmptyPlan(t *testing.T) {
	t.Helper()
	if out, err := w.Try(t, "plan", "-input=false", "-detailed-exitcode"); err != nil {
		t.Fatalf("the plan is not empty: %v\n%s", err, out)
	}
}

// State returns the content of the state file.
func (w *Workspace) State(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
