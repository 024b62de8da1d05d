//go:build cgo

package libvirtcephsecret_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east"}}})
}

// cephxKey is a key that no cluster has: type 1, a time, 16 bytes.
func cephxKey(fill byte) string {
	raw := append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, make([]byte, 16)...)
	for i := 12; i < len(raw); i++ {
		raw[i] = fill + byte(i)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// fingerprintOf is computed without the provider: the SHA-256 of the bytes in a base64 text.
func fingerprintOf(t *testing.T, key string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// defaultUUID is computed without the provider.
func defaultUUID(usage string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("libvirt-ceph-secret:"+usage)).String()
}

// setValue changes a value by hand.
func setValue(t *testing.T, hypervisor, id, key string) {
	t.Helper()
	acctest.VirshIn(t, hypervisor, key, "secret-set-value", id, "--file", "/dev/stdin")
}

// define makes a secret by hand, without a value.
func define(t *testing.T, hypervisor, id, usage string) {
	t.Helper()
	acctest.VirshIn(t, hypervisor, fmt.Sprintf("<secret ephemeral='no' private='no'><uuid>%s</uuid><usage"+
		" type='ceph'><name>%s</name></usage></secret>", id, usage),
		"secret-define", "/dev/stdin")
}

// value is the value as virsh shows it: its base64, "private" or "none".
func value(t *testing.T, hypervisor, id string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := acctest.Bed(t).Hypervisor(hypervisor).Virsh(ctx, "secret-get-value", id)
	switch {
	case err == nil:
		return strings.TrimSpace(out)
	case strings.Contains(err.Error(), "is private"):
		return "private"
	case strings.Contains(err.Error(), "does not have a value"):
		return "none"
	}
	t.Fatal(err)
	return ""
}

// has reports whether virsh lists the secret.
func has(t *testing.T, hypervisor, id string) bool {
	t.Helper()
	for line := range strings.Lines(acctest.Virsh(t, hypervisor, "secret-list")) {
		if slices.Contains(strings.Fields(line), id) {
			return true
		}
	}
	return false
}

// secretBlock is one resource on kvm1.
func secretBlock(usage string, assignments ...string) string {
	return fmt.Sprintf("resource \"libvirt_ceph_secret\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n  usage_name = %q\n  %s\n}\n",
		usage, strings.Join(assignments, "\n  "))
}
