package ceph

import (
	"encoding/json"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// A release that is known to be too old is refused at the connection, by the number that its monitors tell. A newer one than all that are
// known goes on, and so does one whose monitors don't tell it.
func TestOldestRelease(t *testing.T) {
	for text, test := range map[string]struct {
		refusal answer
		tooOld  string
	}{
		"ceph version 12.2.13 (584a20eb0237c657dc0567da126be145106aa47e) luminous (stable)": {tooOld: "12.2.13"},
		"ceph version 14.1.1 (594fc5bc9f5f0ea7f1e5ce4fcb1bb1ed0b8cf2ab) nautilus (rc)":      {tooOld: "14.1.1"},
		"ceph version 14.2.21 (5ef401921d7a88aea18ec7558f7f9374ebd8f5a6) nautilus (stable)": {},
		"ceph version 16.2.15 (618f440892089921c3e944a991122ddc44e60516) pacific (stable)":  {},
		"ceph version 100.0.0 (618f440892089921c3e944a991122ddc44e60516) zebra (stable)":    {},
		"ceph version Development (no_version) main (dev)":                                  {},
		"":                        {},
		"the user may not ask":    {refusal: answer{errno: EACCES, status: "access denied"}},
		"its monitors are silent": {refusal: answer{errno: ETIMEDOUT}},
	} {
		reply, _ := json.Marshal(map[string]string{"version": text})
		said := answer{out: string(reply)}
		if test.refusal.errno != 0 {
			said = test.refusal
		}
		cluster, conn := withFake(map[string]answer{"version": said, "osd pool ls": {out: "[]"}, "osd crush rule dump": {out: "[]"}})
		_, err := cluster.FSID(t.Context())
		_, other := cluster.Pools(t.Context())
		if test.tooOld == "" {
			if err != nil || other != nil {
				t.Errorf("%s: %v, %v", text, err, other)
			}
			continue
		}
		for _, err := range []error{err, other} {
			expect.Problem(t, err, problem.Unsupported, `Cluster "east" runs Ceph `+test.tooOld, "14.2", "Upgrade the cluster")
		}
		if len(conn.asked) != 1 || !conn.closed {
			t.Errorf("%s: asked %v, closed %v", text, conn.asked, conn.closed)
		}
	}
}
