//go:build cgo

package endtoend_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// freshKey returns a new cephx key of type aes.
func freshKey(t *testing.T) string {
	t.Helper()
	raw := append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, make([]byte, 16)...)
	if _, err := rand.Read(raw[12:]); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// labelKey returns a key whose text can also be the label of a cluster.
func labelKey(t *testing.T) string {
	t.Helper()
	for {
		if key := freshKey(t); !strings.Contains(key, "/") {
			return key
		}
	}
}

// giveKey changes the key of client.libvirt by hand.
func giveKey(t *testing.T, cluster, key string) {
	t.Helper()
	text := fmt.Sprintf("[client.libvirt]\n\tkey = %s\n\tcaps mon = \"profile rbd\"\n\tcaps osd = \"profile rbd pool=libvirt-pool\"\n\tcaps"+
		" mgr = \"profile rbd pool=libvirt-pool\"\n", key)
	if _, err := acctest.Bed(t).Cluster(cluster).CephIn(t.Context(), text, "auth", "import", "-i", "-"); err != nil {
		t.Fatal(err)
	}
}
