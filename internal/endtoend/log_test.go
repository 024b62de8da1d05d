//go:build cgo

package endtoend_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// goPluginLines are the lines that go-plugin writes at each start, before the provider runs.
var goPluginLines = []string{"configuring server automatic mTLS", "plugin address"}

// providerLog is the file that has the provider's standard error.
type providerLog string

// workspaceWithLog returns a workspace whose provider writes its standard error to a file as well.
func workspaceWithLog(t *testing.T, configuration string) (*acctest.Workspace, providerLog) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "stderr")
	script := fmt.Sprintf("#!/bin/sh\nexec %q \"$@\" 2>>%q\n", acctest.Binary(t), log)
	launcher := filepath.Join(t.TempDir(), "terraform-provider-ceph")
	if err := os.WriteFile(launcher, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return acctest.NewWorkspaceStarting(t, launcher, configuration), providerLog(log)
}

// take returns the messages of all lines, except those of go-plugin's start, which it counts, and empties the file. Each line has to
// be JSON.
func (l providerLog) take(t *testing.T) (starts int, messages []string) {
	t.Helper()
	content, err := os.ReadFile(string(l))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(string(l), 0); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		var entry struct {
			Message string `json:"@message"`
			Module  string `json:"@module"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		switch {
		case slices.Contains(goPluginLines, entry.Message):
			starts++
		case entry.Module == "ceph" || entry.Module == "sdk" || strings.HasPrefix(entry.Module, "sdk."):
			messages = append(messages, entry.Message)
		default:
			t.Errorf("unexpected line: %s", line)
		}
	}
	return starts, messages
}

// expectLines fails the test when no line begins with one of the wanted texts, or one begins with an unwanted text.
func expectLines(t *testing.T, lines, wanted, unwanted []string) {
	t.Helper()
	var wrong []string
	has := func(beginning string) bool {
		return slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, beginning) })
	}
	for _, beginning := range wanted {
		if !has(beginning) {
			wrong = append(wrong, "no line "+beginning)
		}
	}
	for _, beginning := range unwanted {
		if has(beginning) {
			wrong = append(wrong, "a line "+beginning)
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%s\nthe lines are:\n%s", strings.Join(wrong, "\n"), strings.Join(lines, "\n"))
	}
}

// Without a TF_LOG variable the provider writes nothing, at DEBUG each change, and at TRACE also each read and each wait.
func TestAccLog(t *testing.T) {
	blocks := both.block(t) + resourcesFor("a", "east", "kvm1")
	w, log := workspaceWithLog(t, blocks)
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	if starts, messages := log.take(t); starts == 0 || starts%len(goPluginLines) != 0 || len(messages) > 0 {
		t.Errorf("without a level the provider wrote %d lines of go-plugin's start, and %q", starts, messages)
	}

	var image struct{ ID string }
	if err := json.Unmarshal([]byte(acctest.RBD(t, "east", "info", "identity/data", "--format", "json")), &image); err != nil {
		t.Fatal(err)
	}
	reads := []string{
		"cluster east: osd pool ls (", "cluster east: auth get entity=client.identity (",
		"cluster east: rbd ls pool=identity (", "cluster east: rbd info --image-id pool=identity image=" + image.ID + " (",
	}
	secret := secretWith(t, "kvm1", "client.identity@")
	hostReads := []string{"hypervisor kvm1: SecretGetXMLDesc secret=" + secret + " ("}
	connected := []string{"cluster east: connect entity=client.admin (", "hypervisor kvm1: connect ("}

	w.Setenv("TF_LOG", "DEBUG")
	w.Write(t, strings.Replace(blocks, `"8MiB"`, `"16MiB"`, 1))
	w.Apply(t)
	_, lines := log.take(t)
	changed := []string{"cluster east: rbd resize pool=identity image=data ("}
	expectLines(t, lines, slices.Concat(changed, connected), slices.Concat(reads, hostReads))

	w.Setenv("TF_LOG", "")
	w.Setenv("TF_LOG_PROVIDER", "JSON")
	w.ExpectEmptyPlan(t)
	_, lines = log.take(t)
	expectLines(t, lines, slices.Concat(reads, hostReads, connected), changed)

	// Before a rotation is refused, the provider waits a moment for sessions of clients that are gone already.
	closeImage := acctest.OpenImage(t, "east", "identity", "identity/data")
	w.Setenv("TF_LOG_PROVIDER", "DEBUG")
	if out, err := w.Try(t, "destroy", "-auto-approve", "-target=ceph_user.a"); err == nil {
		t.Errorf("a user with a client was deleted:\n%s", out)
	}
	_, lines = log.take(t)
	expectLines(t, lines, []string{"cluster east: waits for clients to go entity=client.identity (since "}, []string{"cluster east: auth rm"})
	closeImage()
	w.Setenv("TF_LOG_PROVIDER", "")
	w.Destroy(t)
}
