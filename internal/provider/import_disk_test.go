package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// A disk with an alias of this provider for another domain, as in a definition that was copied under another UUID, or for another target,
// as after virsh edit, is imported and stays in the state. It is listed alike.
func TestImportOfADiskWithOurAlias(t *testing.T) {
	known := newServer(t, nil)
	const otherDomain = "99999999-2222-4333-8444-777777777777"
	for name, aliases := range map[string]struct{ saved, live string }{
		"none":                          {"", "virtio-disk1"},
		"of another domain":             {libvirt.OwnAlias(otherDomain, "vdb"), libvirt.OwnAlias(otherDomain, "vdb")},
		"of another domain, saved only": {libvirt.OwnAlias(otherDomain, "vdb"), "virtio-disk1"},
		"of another domain, live only":  {"", libvirt.OwnAlias(otherDomain, "vdb")},
		"of another target":             {libvirt.OwnAlias("99999999-2222-4333-8444-555555555555", "vdc"), "virtio-disk1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, known, eastFSID, time.Minute)
			disk := func(alias string) []string {
				if alias != "" {
					alias = fmt.Sprintf("<alias name='%s'/>", alias)
				}
				return diskByHand("<target dev='vdb' bus='virtio'/>" + alias)
			}
			w.host.saved, w.host.live = disk(aliases.saved), disk(aliases.live)
			s, end := w.server(t.Context())
			defer end()
			o := s.importBy("libvirt_rbd_disk", "kvm1/d/vdb", nil)
			for range 2 {
				if o.state.IsNull() {
					t.Fatal("the import finds nothing")
				}
				for _, where := range []string{"live", "persistent"} {
					var there bool
					if err := s.members(o.state)[where].As(&there); err != nil || !there {
						t.Errorf("%s is %v, %v", where, there, err)
					}
				}
				s.must("read", s.read(o))
			}
			if found := s.list("libvirt_rbd_disk", query{filter: block{}, whole: true}); found.errors != "" || len(found.results) != 1 {
				t.Errorf("listed %d disks; errors: %s", len(found.results), found.errors)
			}
			s.mustKeep(o, with(diskByHandArguments, block{"target_dev": "vdb"}))
		})
	}
}

// diskByHand is the XML of a disk that somebody else has attached, with the elements that describe its device.
func diskByHand(device string) []string {
	return []string{"<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='u'><secret type='ceph'" +
		" uuid='99999999-2222-4333-8444-666666666666'/></auth><source protocol='rbd' name='data/base'><host name='192.0.2.1'" +
		" port='3300'/></source>" + device + "</disk>"}
}

// diskByHandArguments are those of such a disk, its device aside.
var diskByHandArguments = block{
	"hypervisor": "kvm1", "domain": "d", "pool": "data", "image": "base", "user": "u",
	"secret_uuid": "99999999-2222-4333-8444-666666666666", "monitors": []any{block{"host": "192.0.2.1", "port": 3300}},
}

// mustKeep fails the test where the configuration is refused, or plans a change of the object.
func (s *server) mustKeep(o *object, config block) {
	s.t.Helper()
	if text := s.validateResource(o.typeName, config); text != "" {
		s.t.Fatalf("validate: %s", text)
	}
	plan := s.plan(o, config)
	s.must("plan", plan.Diagnostics)
	planned := s.decode(s.schema.ResourceSchemas[o.typeName].ValueType(), plan.PlannedState)
	if !planned.Equal(o.state) || len(plan.RequiresReplace) > 0 {
		s.t.Errorf("planned\n%s\nof\n%s", planned, o.state)
	}
}

// What libvirt lets a disk have, an imported disk may keep, also when it is changed otherwise.
func TestImportOfAnOddDisk(t *testing.T) {
	known := newServer(t, nil)
	for _, test := range []struct {
		device string
		config block
	}{
		{
			"<target dev='vdb' bus='virtio'/><serial>0aab8e4f-2b6a-4a3e-9b1e-2f6d9d3c7b11</serial>",
			block{"target_dev": "vdb", "serial": "0aab8e4f-2b6a-4a3e-9b1e-2f6d9d3c7b11"},
		},
		{"<target dev='vdb' bus='virtio'/><serial>data of web1</serial>", block{"target_dev": "vdb", "serial": "data of web1"}},
		{"<target dev='hda' bus='sata'/>", block{"target_dev": "hda", "bus": "sata"}},
		{"<target dev='sdb' bus='virtio'/>", block{"target_dev": "sdb"}},
		{
			"<target dev='sdb' bus='scsi'/><wwn>0x5000C50015EA71AC</wwn>",
			block{"target_dev": "sdb", "bus": "scsi", "wwn": "0x5000c50015ea71ac"},
		},
		{"<target dev='sdb' bus='scsi'/><wwn>0x5000c50015ea71ac</wwn>", block{"target_dev": "sdb", "bus": "scsi", "wwn": "5000c50015ea71ac"}},
		{
			"<encryption format='luks-any' engine='librbd'><secret type='passphrase' uuid='99999999-2222-4333-8444-888888888888'/>" +
				"</encryption><target dev='vdb' bus='virtio'/>",
			block{"target_dev": "vdb", "encryption": block{"format": "luks-any", "secret_uuid": "99999999-2222-4333-8444-888888888888"}},
		},
		{
			"<target dev='sdb' bus='scsi'/><vendor>WD</vendor><product>Blue 3</product>",
			block{"target_dev": "sdb", "bus": "scsi", "vendor": "WD", "product": "Blue 3"},
		},
	} {
		w := newWorld(t, known, eastFSID, time.Minute)
		w.host.saved, w.host.live = diskByHand(test.device), diskByHand(test.device)
		s, end := w.server(t.Context())
		o := s.importBy("libvirt_rbd_disk", "kvm1/d/"+test.config["target_dev"].(string), nil) //nolint:forcetypeassert // those above
		config := with(diskByHandArguments, test.config)
		s.mustKeep(o, config)
		end()
		s, end = w.server(t.Context()) // as by the next terraform command
		plan := s.plan(o, with(config, block{"cache": "none"}))
		if text := errorsIn(plan.Diagnostics); text != "" || len(plan.RequiresReplace) > 0 {
			t.Errorf("%v with another cache: %s, replaced by %v", test.config, text, plan.RequiresReplace)
		}
		end()
	}
}

// An imported disk without an alias of ours is known by what it reads. Its ejected medium is told; what reads something else is taken for
// another disk, and that is told too.
func TestImportedDiskThatReadsSomethingElse(t *testing.T) {
	known := newServer(t, nil)
	const device = "<target dev='sdb' bus='scsi'/>"
	drive := func(source string) []string {
		return []string{"<disk type='file' device='cdrom'>" + source + device + "<readonly/></disk>"}
	}
	for what, c := range map[string]struct {
		now   []string
		told  string
		stays bool
	}{
		"ejected":      {drive(""), "Its medium was ejected", true},
		"another disk": {drive("<source file='/var/lib/other.iso'/>"), "At that target is file /var/lib/other.iso now", false},
		"gone":         {nil, "", false},
	} {
		for _, where := range []string{"both", "live"} {
			w := newWorld(t, known, eastFSID, time.Minute)
			medium := strings.Replace(diskByHand(device + "<readonly/>")[0], "device='disk'", "device='cdrom'", 1)
			w.host.saved, w.host.live = []string{medium}, []string{medium}
			s, end := w.server(t.Context())
			o := s.importBy("libvirt_rbd_disk", "kvm1/d/sdb", nil)
			end()
			w.host.live = c.now
			if where == "both" {
				w.host.saved = c.now
			}
			s, end = w.server(t.Context()) // as by the next terraform command
			diagnostics := s.read(o)
			end()
			s.must("read", diagnostics)
			if stays := !o.state.IsNull(); stays != (c.stays || where == "live") {
				t.Errorf("%s in %s: the disk is in the state: %v", what, where, stays)
			}
			told := warningsIn(diagnostics)
			if (where == "both" || c.stays) && !strings.Contains(told, c.told) || c.told == "" && strings.Contains(told, "not recognized") {
				t.Errorf("%s in %s: told %q", what, where, told)
			}
		}
	}
}

// An imported disk without an alias of ours stays in the state where the change of its image has taken effect, and the answer is lost.
func TestImportedDiskWhoseChangeIsNotAnswered(t *testing.T) {
	known := newServer(t, nil)
	const device = "<target dev='vdb' bus='virtio'/>"
	for name, test := range map[string]struct {
		off     bool
		renamed bool
		wantID  string
	}{
		"another image, shut off": {off: true, wantID: "99"},
		"renamed, shut off":       {off: true, renamed: true, wantID: "1"},
		"renamed, running":        {renamed: true, wantID: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, known, eastFSID, time.Minute)
			w.cluster.clients = func(string) int { return 0 }
			w.host.saved, w.host.live, w.host.off = diskByHand(device), diskByHand(device), test.off
			if test.off {
				w.host.live = nil
			}
			s, end := w.server(t.Context())
			o := s.importBy("libvirt_rbd_disk", "kvm1/d/vdb", nil)
			config := with(diskByHandArguments, block{"target_dev": "vdb", "cluster": "east"})
			s.apply(o, config)
			end()
			base, other := ceph.ImageRef{Pool: "data", Name: "base"}, ceph.ImageRef{Pool: "data", Name: "other"}
			w.cluster.images[other] = ceph.Image{ID: "99", SizeBytes: 1 << 20, ObjectSize: 4 << 20}
			if test.renamed {
				w.cluster.images[other] = w.cluster.images[base]
				delete(w.cluster.images, base)
			}
			config = with(config, block{"image": "other"})
			s, end = w.server(t.Context())
			s.must("read", s.read(o))
			plan := s.plan(o, config)
			s.must("plan", plan.Diagnostics)
			w.host.eats = procUpdateFlags
			if failed := s.failPlan(o, config, plan); errorsIn(failed) == "" {
				t.Fatal("the apply has not failed")
			}
			end()
			if !strings.Contains(w.host.saved[0], "data/other") {
				t.Fatal("the change has not taken effect")
			}
			w.host.eats = 0
			w.host.gone.Store(false)
			s, end = w.server(t.Context())
			defer end()
			diagnostics := s.read(o)
			s.must("read", diagnostics)
			if o.state.IsNull() {
				t.Fatalf("the disk has left the state: %s", warningsIn(diagnostics))
			}
			var persistent bool
			if err := s.members(o.state)["persistent"].As(&persistent); err != nil || !persistent {
				t.Errorf("persistent is %v, %v", persistent, err)
			}
			if image, id := s.text(o, "image"), s.text(o, "image_id"); image != "other" || id != test.wantID {
				t.Errorf("the state has image %s with the id %s", image, id)
			}
			s.mustKeep(o, config)
			s.must("read", s.read(o))
			s.mustKeep(o, config)
		})
	}
}

// failPlan applies a plan that fails, and keeps what the failed apply records, as Terraform does.
func (s *server) failPlan(o *object, config block, plan *tfprotov6.PlanResourceChangeResponse) []*tfprotov6.Diagnostic {
	s.t.Helper()
	resp, typ := s.sendApply(o, config, plan)
	o.state, o.private = s.decode(typ, resp.NewState), resp.Private
	return resp.Diagnostics
}
