//go:build cgo

package acctest

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what follows from a step of its own.
const patience = 30 * time.Second

// OpenImage is a client that has an image (POOL/IMAGE) open, as a running guest has, until the returned function is called or
// the test ends. It is connected as the user, without "client.".
func OpenImage(t *testing.T, cluster, user, image string) (closeImage func()) {
	t.Helper()
	c := Bed(t).Cluster(cluster)
	keyring := filepath.Join(t.TempDir(), "keyring")
	key := Ceph(t, cluster, "auth", "print-key", "client."+user)
	if err := os.WriteFile(keyring, []byte("[client."+user+"]\n\tkey = "+key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, "rbd", "--conf", c.ConfigFile, "--id", user, "--keyring", keyring, "watch", image)
	// The client goes, in good order, when its input ends.
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	closed := false
	closeImage = func() {
		if closed {
			return
		}
		closed = true
		_, _ = io.WriteString(input, "\n")
		_ = input.Close()
		_ = command.Wait()
		cancel()
	}
	t.Cleanup(closeImage)
	Eventually(t, "a watcher on "+image, func() bool { return strings.Contains(RBD(t, cluster, "status", image), "watcher=") })
	return closeImage
}

// Eventually waits until it is so.
func Eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !isSo(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
