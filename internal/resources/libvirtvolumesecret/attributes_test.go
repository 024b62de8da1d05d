//go:build cgo

package libvirtvolumesecret_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// explicitUUID is the first value in the steps of the attribute uuid.
const explicitUUID = "6b085c23-2177-242d-7661-c785df7f6230"

// idOf is the UUID of the secret that the steps of an attribute create under this name.
func idOf(name string) string {
	if name == "a-uuid" {
		return explicitUUID
	}
	return defaultUUID(name)
}

// secrets are libvirt_volume_secret resources with only the required arguments.
var secrets = acctest.Resource{
	Type: secretType,
	Config: func(name, assignments string) string {
		for attribute, assignment := range map[string]string{
			"hypervisor": `hypervisor = "kvm1"`, "volume": fmt.Sprintf("volume = %q", name), "passphrase_wo": with("one", "1"),
		} {
			// Without a label the recorded one stays.
			if leftAlone := attribute == "hypervisor" && name == "a-hypervisor"; !leftAlone &&
				!strings.Contains(assignments, "\n  "+attribute+" = ") {
				assignments += "\n  " + assignment
			}
		}
		return fmt.Sprintf("resource \"libvirt_volume_secret\" \"test\" {\n  provider = ceph\n%s\n}\n", assignments)
	},
	ImportID: func(name string) string {
		if name == "a-uuid" {
			return "kvm1/" + strings.ToUpper(idOf(name))
		}
		return "kvm1/" + idOf(name)
	},
	NotImported: []string{"passphrase_wo_version"},
}

// field is a second view: something of `virsh secret-dumpxml`.
func field(of func(*acctest.Secret) string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string { return of(acctest.SecretOf(t, "kvm1", idOf(name))) }
}

// redefine is a drift: `virsh secret-define` by hand.
func redefine(change func(*acctest.Secret)) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		doc := acctest.SecretOf(t, "kvm1", idOf(name))
		change(doc)
		acctest.VirshIn(t, "kvm1", acctest.XML(t, doc), "secret-define", "/dev/stdin")
	}
}

func TestAccLibvirtVolumeSecret_attributes(t *testing.T) {
	acctest.RunAttributes(t, secrets, []acctest.Attribute{
		{
			Name: "hypervisor", First: `"kvm1"`, Second: `"kvm2"`, Replaces: true,
			SeenFirst: "kvm1", SeenSecond: "kvm2", Stays: true,
			View: func(t *testing.T, name string) string {
				var on []string
				for _, hypervisor := range []string{"kvm1", "kvm2"} {
					if has(t, hypervisor, idOf(name)) {
						on = append(on, hypervisor)
					}
				}
				return strings.Join(on, " ")
			},
		},
		{
			Name: "volume", First: `"a-volume"`, Second: `"/srv/another <volume>"`, Replaces: true, Required: true,
			SeenFirst: "a-volume", SeenSecond: "/srv/another <volume>",
			View: func(t *testing.T, name string) string {
				if has(t, "kvm1", idOf(name)) {
					return acctest.SecretOf(t, "kvm1", idOf(name)).Usage.Volume
				}
				return acctest.SecretOf(t, "kvm1", defaultUUID("/srv/another <volume>")).Usage.Volume
			},
			Drift: func(t *testing.T, name string) {
				acctest.Virsh(t, "kvm1", "secret-undefine", idOf(name))
				define(t, idOf(name), "no", ofVolume("named by hand"))
			},
			DriftReplaces: true,
		},
		{
			Name: "uuid", First: `"` + strings.ToUpper(explicitUUID) + `"`, Second: `"7b085c23-2177-242d-7661-c785df7f6230"`, Replaces: true,
			SeenFirst: explicitUUID, SeenSecond: "7b085c23-2177-242d-7661-c785df7f6230", Stays: true,
			View: func(t *testing.T, name string) string {
				for line := range strings.Lines(acctest.Virsh(t, "kvm1", "secret-list")) {
					if words := strings.Fields(line); len(words) == 3 && words[2] == name {
						return words[0]
					}
				}
				return "none"
			},
		},
		{
			Name: "private", First: "false", Second: "true", SeenFirst: "no", SeenSecond: "yes", SeenRemoved: "yes",
			BackToFirst: true, View: field(func(s *acctest.Secret) string { return s.Private }),
			Drift: redefine(func(s *acctest.Secret) { s.Private = "yes" }), DriftReplaces: true,
		},
	})
	acctest.RunTogether(t, secrets, "in place", []acctest.Attribute{
		{
			Name: "description", First: `"disks of <east> & co"`, Second: `"disks of\nwest\tüß"`,
			SeenFirst: "disks of <east> & co", SeenSecond: "disks of\nwest\tüß", SeenRemoved: "",
			View:  field(func(s *acctest.Secret) string { return s.Description }),
			Drift: redefine(func(s *acctest.Secret) { s.Description = "by hand" }),
		},
		{
			Name: "ephemeral", First: "true", Second: "false", SeenFirst: "yes", SeenSecond: "no", SeenRemoved: "no",
			BackToFirst: true, View: field(func(s *acctest.Secret) string { return s.Ephemeral }),
			Drift: redefine(func(s *acctest.Secret) { s.Ephemeral = "no" }),
		},
	})
}
