package ceph

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestEqualCaps(t *testing.T) {
	for _, pair := range [][2]string{
		{"profile rbd pool=a, profile rbd pool=b", "profile rbd pool=b,profile rbd pool=a"},
		{"allow  rwx   pool=a", "allow rwx pool = a"},
		{"allow pool a rwx", "allow rwx pool=a"},
		{"allow wr", "allow rw; allow rw"},
		{"allow all", "allow *"},
		{"allow profile rbd", "profile rbd"},
		{`allow command "osd blocklist"`, `allow command 'osd blocklist'`},
		{`allow rw tag cephfs data=x`, `allow rw  tag cephfs data=x`},
		{`allow rwx pool="a"`, "allow rwx pool=a"},
		{"allow r uid=1 gids=1,2, allow rw fsname=x", "allow rw fsname=x,allow r uid=1 gids=1,2"},
		{"", " "},
	} {
		if !EqualCaps(pair[0], pair[1]) {
			t.Errorf("%q and %q mean the same: %q, %q", pair[0], pair[1], grants(pair[0]), grants(pair[1]))
		}
	}
	for _, pair := range [][2]string{
		{"profile rbd pool=a", "profile rbd pool=b"},
		{"profile rbd", "profile rbd-read-only"},
		{"allow r", "allow rw"},
		{"allow rw pool=a", "allow rw"},
		{"allow r pool=a, allow w pool=b", "allow w pool=a, allow r pool=b"},
		{"allow r namespace=a pool=b", "allow r namespace=b pool=a"},
		{`allow command "a" with b=c`, `allow command "a" with c=b`},
		{"allow rw tag cephfs data=x", "allow rw tag cephfs metadata=x"},
	} {
		if EqualCaps(pair[0], pair[1]) {
			t.Errorf("%q and %q are different", pair[0], pair[1])
		}
	}
}

func TestValidateCaps(t *testing.T) {
	for _, good := range []string{
		"allow *", "profile rbd pool=a, profile rbd-read-only pool=b", `allow command "osd blocklist", allow r`,
		"allow rw tag cephfs data=x", "allow profile osd",
	} {
		if err := ValidateCaps("osd", good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, good := range []string{"allow", "allow rw path=/home uid=1000 gids=1000,1001", "allow r uid=1 gids=1,2, allow rw fsname=x"} {
		if err := ValidateCaps("mds", good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []struct{ service, caps, word string }{
		{"mds", "allow r, 1001", "neither"},
		{"mds", "allow r gids=1, allow", "not complete"},
		{"rgw", "allow r", "mon, osd, mgr, mds"},
		{"mon", " ", "empty"},
		{"mon", "rw", "neither"},
		{"mon", "allow", "not complete"},
		{"mon", "profile rbd, profile", "not complete"},
		{"osd", "allow rw pool=a pool=b", "2 pools"},
		{"mon", `allow command "x`, "quote"},
		{"mon", "allow r\nallow w", "line break"},
	} {
		expect.Problem(t, ValidateCaps(bad.service, bad.caps), problem.Invalid, bad.word, bad.service)
	}
}

func TestMonProfileRBD(t *testing.T) {
	for caps, want := range map[string]bool{
		"profile rbd": true, "allow profile rbd": true, "allow *": true, "allow rwx": true, "allow rw": true, "allow r, profile rbd": true,
		`allow r, allow command "osd blocklist"`: true, "allow service osd rw": true,
		"profile rbd network 192.0.2.0/24": true, "allow r, allow rw network=192.0.2.0/24": true,
		"allow r": false, "": false, "profile rbd-read-only": false, "allow service mon rw": false, "allow rx": false,
		"profile rbd-read-only network 192.0.2.0/24": false,
	} {
		if MonProfileRBD(caps) != want {
			t.Errorf("%q: %v expected", caps, want)
		}
	}
}

// Grants that count elsewhere only are found in every way to write them.
func TestNetworksOfCaps(t *testing.T) {
	own := clientAddress("192.0.2.7:0/1234")
	for caps, want := range map[string]string{
		"profile rbd":                                            "",
		"profile rbd network 192.0.2.0/24":                       "",
		"profile rbd network=192.0.2.1/24":                       "",
		"profile rbd network 198.51.100.0/24":                    "198.51.100.0/24",
		"allow rw pool=a network = 198.51.100.0/24":              "198.51.100.0/24",
		`profile rbd pool="a" network "2001:db8::/32"`:           "2001:db8::/32",
		"profile rbd, profile rbd pool=b network 203.0.113.5/32": "203.0.113.5/32",
		"profile rbd network nowhere":                            "nowhere",
		"allow r pool=network":                                   "",
	} {
		if got := strings.Join(networksWithout(map[string]string{"osd": caps}, own), " "); got != want {
			t.Errorf("%q counts elsewhere: %q, want %q", caps, got, want)
		}
	}
	for text, want := range map[string]string{"192.0.2.7:0/1234": "192.0.2.7", "[2001:db8::1]:0/1": "2001:db8::1", "-": "invalid IP"} {
		if got := clientAddress(text).String(); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
