package provider_test

import (
	"context"
	"testing"
	"time"

	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// A domain that a migration has left defined on both hosts, and that is shut off after it, is the one on the host where it was seen last,
// also where that host has another label by now, or another host has its label.
func TestHostWhereADomainWasSeenLastIsRelabelled(t *testing.T) {
	known := newServer(t, nil)
	for name, test := range map[string]struct {
		labels map[string]string // of the host to which the domain went, and of a third one
		want   string
	}{
		"as before":   {map[string]string{"kvm2": "there"}, "kvm2"},
		"another one": {map[string]string{"hostb": "there"}, "hostb"},
		"exchanged":   {map[string]string{"kvm2": "third", "kvm3": "there"}, "kvm3"},
		"two":         {map[string]string{"kvm2": "there", "also": "there"}, "kvm2"},
		"gone":        {nil, "kvm1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, known, eastFSID, time.Minute)
			w.cluster.clients = func(string) int { return 0 }
			hosts := map[string]*fakeHypervisor{"here": w.host}
			for name, uuid := range map[string]string{
				"there": "22222222-2222-4333-8444-555555555555", "third": "33333333-2222-4333-8444-555555555555",
			} {
				hosts[name] = &fakeHypervisor{
					uuid: uuid, domain: w.host.domain, domainUUID: w.host.domainUUID, secrets: w.host.secrets, off: true,
				}
			}
			connect := func(labels map[string]string) (*server, func()) {
				t.Helper()
				c := tfkit.NewConnections()
				c.Clusters.Add("east", ceph.NewCluster(ceph.Config{Label: "east", MonHost: "192.0.2.1"}, w.cluster.dial))
				var opened []*libvirt.Host
				add := func(label, name string) {
					host, err := libvirt.NewHost(libvirt.Config{Label: label, URI: w.uri, Dialer: hosts[name]})
					if err != nil {
						t.Fatal(err)
					}
					c.Hypervisors.Add(label, host)
					opened = append(opened, host)
				}
				add("kvm1", "here")
				for label, name := range labels {
					add(label, name)
				}
				served, ok := provider.New("test", nil)().(frameworkprovider.ProviderWithListResources)
				if !ok {
					t.Fatal("the provider lists nothing")
				}
				protocol, err := providerserver.NewProtocol6WithError(connected{served, c})()
				if err != nil {
					t.Fatal(err)
				}
				s := &server{protocol, stoppable{t, context.WithoutCancel(t.Context())}, known.schema, known.identities}
				s.configure(block{})
				return s, func() {
					for _, host := range opened {
						host.Close()
					}
				}
			}
			before := map[string]string{"kvm2": "there", "kvm3": "third"}
			s, end := connect(before)
			o := s.newObject("libvirt_rbd_disk")
			s.apply(o, diskOf("base"))
			end()
			here, there := w.host, hosts["there"]
			there.live, there.saved, there.off = here.live, here.saved, false
			hosts["third"].saved = here.saved
			here.live, here.off = nil, true
			s, end = connect(before)
			s.must("read", s.read(o))
			end()
			if got := s.text(o, "running_on"); got != "kvm2" {
				t.Fatalf("after the migration it runs on %s", got)
			}
			there.live, there.off = nil, true
			s, end = connect(test.labels)
			defer end()
			s.must("read", s.read(o))
			if got := s.text(o, "running_on"); got != test.want {
				t.Errorf("the domain is looked at on %s, want %s", got, test.want)
			}
		})
	}
}
