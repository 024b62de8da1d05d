//go:build cgo

package libvirtvolumesecret_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const secretType = "libvirt_volume_secret"

const address = secretType + ".test"

// cephxKey is a key that no cluster has.
const cephxKey = "AQABAgMEBQYHCBAAAAECAwQFBgcICQoLDA0ODw=="

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east"}}})
}

// defaultUUID is computed without the provider.
func defaultUUID(volume string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("libvirt-volume-secret:"+volume)).String()
}

// define makes a secret by hand, without a value.
func define(t *testing.T, id, private, usage string) {
	t.Helper()
	acctest.VirshIn(t, "kvm1", fmt.Sprintf("<secret ephemeral='no' private='%s'><uuid>%s</uuid>%s</secret>", private, id, usage),
		"secret-define", "/dev/stdin")
}

// ofVolume is the usage of a volume's secret.
func ofVolume(volume string) string {
	return "<usage type='volume'><volume>" + volume + "</volume></usage>"
}

// setValue changes a value by hand.
func setValue(t *testing.T, id, passphrase string) {
	t.Helper()
	acctest.VirshIn(t, "kvm1", base64.StdEncoding.EncodeToString([]byte(passphrase)), "secret-set-value", id, "--file", "/dev/stdin")
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

// stored is the value as libvirt keeps it on disk, where that of a private secret can be read too; "none" where there is none.
func stored(t *testing.T, id string) string {
	t.Helper()
	encoded, err := os.ReadFile(valueFile(t, id))
	if os.IsNotExist(err) {
		return "none"
	}
	value, err2 := base64.StdEncoding.DecodeString(strings.TrimSpace(string(encoded)))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return string(value)
}

func valueFile(t *testing.T, id string) string {
	t.Helper()
	return filepath.Join(acctest.Bed(t).Dir, "kvm1", "config", "libvirt", "secrets", id+".base64")
}

// holds checks that libvirt has stored this passphrase, and that the definition is as virsh shows it.
func holds(t *testing.T, id, want, private string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := stored(t, id); got != want {
			return fmt.Errorf("libvirt holds %q, want %q", got, want)
		}
		if got := acctest.SecretOf(t, "kvm1", id); got.Private != private || got.Usage.Type != "volume" {
			return fmt.Errorf("private=%q, usage type %q", got.Private, got.Usage.Type)
		}
		return nil
	}
}

var planned = acctest.Planned(address)

// secretBlock is one resource on kvm1.
func secretBlock(volume string, assignments ...string) string {
	return fmt.Sprintf("resource \"libvirt_volume_secret\" \"test\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n  volume = %q\n  %s\n}\n",
		volume, strings.Join(assignments, "\n  "))
}

// with are the arguments of a passphrase.
func with(passphrase, version string) string {
	return fmt.Sprintf("passphrase_wo = %q\n  passphrase_wo_version = %q", passphrase, version)
}
