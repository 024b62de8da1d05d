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

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// OpenImage starts a client that has an image (POOL/IMAGE) open, as a running guest has, until the returned function is called or
// the test ends. It connects as the user, which is given without "client.". Similar to: rbd watch POOL/IMAGE.
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
	// When its input ends, the client closes the image; a killed one would leave its watch for a while.
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
	expect.Eventually(t, "a watcher on "+image, func() bool { return strings.Contains(RBD(t, cluster, "status", image), "watcher=") })
	return closeImage
}
