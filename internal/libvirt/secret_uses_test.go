package libvirt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Every element in which libvirt's schemas let a document refer to a secret: of domains, snapshots, checkpoints and storage pools.
var secretPlaces = map[string]string{
	"disk":             "<disk><auth username='u'>%s</auth><source protocol='rbd' name='a/b'/></disk>",
	"source of a disk": "<disk><source protocol='rbd' name='a/b'><auth username='u'>%s</auth></source></disk>",
	"base of an overlay": "<disk><backingStore><source protocol='rbd' name='a/b'><auth" +
		" username='u'>%s</auth></source></backingStore></disk>",
	"destination of a block copy": "<disk><mirror><source protocol='rbd' name='a/b'><auth username='u'>%s</auth></source></mirror></disk>",
	"encryption of a disk":        "<disk><encryption format='luks'>%s</encryption></disk>",
	"encryption of a source":      "<disk><source><encryption format='luks'>%s</encryption></source></disk>",
	"second secret of an encryption": "<disk><source><encryption format='luks2'><secret" +
		" uuid='00000000-0000-4000-8000-000000000001'/>%s</encryption></source></disk>",
	"slice of a source":               "<disk><source><slices><slice/></slices><auth username='u'>%s</auth></source></disk>",
	"cookies of a source":             "<disk><source><cookies><cookie/></cookies><auth username='u'>%s</auth></source></disk>",
	"device of an iSCSI host":         "<hostdev><source protocol='iscsi' name='a'><auth username='u'>%s</auth></source></hostdev>",
	"variables of the firmware":       "<os><nvram><source protocol='rbd' name='a/b'><auth username='u'>%s</auth></source></nvram></os>",
	"domain of a snapshot":            "<domain><devices><disk><auth username='u'>%s</auth></disk></devices></domain>",
	"saved domain of a snapshot":      "<inactiveDomain><devices><disk><auth username='u'>%s</auth></disk></devices></inactiveDomain>",
	"storage pool":                    "<source><name>a</name><auth type='ceph' username='u'>%s</auth></source>",
	"storage pool on an iSCSI server": "<source><auth type='chap' username='u'>%s</auth></source>",
	"encryption of a volume":          "<target><encryption format='luks'>%s</encryption></target>",
}

func TestEveryReferenceToASecret(t *testing.T) {
	const uuid, usage = "0a81f5b2-8403-4b23-88d6-21ccc2f80d6f", "client.libvirt@east"
	refersToType := func(usageType, document string) bool {
		root, err := parse("<document>" + document + "</document>")
		if err != nil {
			t.Fatal(err)
		}
		found := false
		refers := referenceTo(Secret{UUID: uuid, UsageType: usageType, UsageName: usage})
		root.visit("", "", func(e *element, _, _ string) { found = found || slices.ContainsFunc(secretsAt(e), refers) })
		return found
	}
	refers := func(document string) bool { return refersToType(UsageCeph, document) }
	for name, place := range secretPlaces {
		// A usage name means a volume's secret in an encryption, and a ceph secret elsewhere. A UUID means one secret.
		usageType, another := UsageCeph, UsageVolume
		if strings.Contains(place, "<encryption") {
			usageType, another = another, usageType
		}
		refers := func(document string) bool { return refersToType(usageType, document) }
		if named := fmt.Sprintf(place, "<secret usage='"+usage+"'/>"); refersToType(another, named) {
			t.Errorf("%s: a usage name is taken for that of a %s secret", name, another)
		}
		if !refersToType(another, fmt.Sprintf(place, "<secret uuid='"+uuid+"'/>")) {
			t.Errorf("%s: a UUID is not taken for that of a %s secret", name, another)
		}
		for secret, want := range map[string]bool{
			"<secret type='ceph' uuid='" + uuid + "'/>":                    true,
			"<secret uuid='" + strings.ToUpper(uuid) + "'/>":               true,
			"<secret type='ceph' usage='" + usage + "'/>":                  true,
			"<secret uuid='00000000-0000-4000-8000-000000000002'/>":        false,
			"<secret usage='client.libvirt@west'/>":                        false,
			"<secret type='ceph' usage='" + strings.ToUpper(usage) + "'/>": false,
			"<description>" + uuid + ", " + usage + "</description>":       false,
			"<metadata><secret uuid='" + uuid + "'/></metadata>":           false,
		} {
			if got := refers(fmt.Sprintf(place, secret)); got != want {
				t.Errorf("%s, %s: %v", name, secret, got)
			}
		}
	}
	if !refers("<devices><tpm><backend type='emulator'><encryption secret='"+uuid+"'/></backend></tpm></devices>") ||
		refers("<encryption secret='x'/>") {
		t.Error("the state of a TPM")
	}
}
