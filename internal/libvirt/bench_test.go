package libvirt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// readDisks returns the reading of a domain with so many disks, each of which is compared with itself and written as it is.
func readDisks(t testing.TB, number int) func() {
	t.Helper()
	var text strings.Builder
	text.WriteString("<domain type='kvm'><name>guest</name><devices>")
	for i := range number {
		text.WriteString(strings.NewReplacer("vdb", fmt.Sprintf("vd%04d", i), "vms/one", fmt.Sprintf("vms/%04d", i)).Replace(diskXML))
	}
	text.WriteString("</devices></domain>")
	return func() {
		definition, err := ParseDefinition(text.String())
		if err != nil || len(definition.Disks) != number {
			t.Fatal(err)
		}
		for _, disk := range definition.Disks {
			if element, err := disk.Element(); err != nil || len(disk.Changed()) > 0 || element == "" {
				t.Fatal(disk.Changed(), err)
			}
		}
	}
}

func BenchmarkDomainOf100Disks(b *testing.B) {
	work := readDisks(b, 100)
	b.ReportAllocs()
	for b.Loop() {
		work()
	}
}

func TestAllocationsOfDomain(t *testing.T) {
	expect.Allocations(t, 77_800, readDisks(t, 100))
}
