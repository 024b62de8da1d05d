package libvirt

import (
	"context"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// One reading of a domain serves the refresh of all its disks, until a change. What is no refresh reads for itself.
func TestDisksShareADefinition(t *testing.T) {
	d := newFakeDaemon(t)
	withDisk(t, d)
	h := host(t, Config{URI: d.uri()})
	shared := readcache.Share(t.Context())
	read := func(ctx context.Context) {
		t.Helper()
		domain, err := h.Domain(ctx, fakeHostUUID)
		if err != nil || domain.Name != "guest" || len(domain.Live.Disks) != 1 {
			t.Errorf("domain %q with %d disks, %v", domain.Name, len(domain.Live.Disks), err)
		}
	}
	want := func(definitions int) {
		t.Helper()
		if got := d.called(procDomainXML); got != definitions {
			t.Errorf("%d definitions were read, want %d", got, definitions)
		}
	}
	for range 100 {
		read(shared)
	}
	want(1)
	if got := d.called(procDomainLookupUUID); got != 1 {
		t.Errorf("the domain was looked up %d times", got)
	}
	read(t.Context())
	want(2)
	read(shared)
	want(2)
	read(readcache.Afresh(shared))
	want(3)

	_, unlock, err := h.changing(t.Context(), operation{doing: "change the domain"}, fakeHostUUID)
	if err != nil {
		t.Fatal(err)
	}
	read(shared) // while it is changed
	want(4)
	unlock()
	read(shared)
	want(5)
	read(shared)
	want(5)
}
